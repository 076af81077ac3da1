#!lua flags=allow-oom
-- Moves the idle deadline of a document. ARGV: now, the new deadline.
local now_high, now_low = struct.unpack('>I4I4', ARGV[1])
local head = redis.call('GETRANGE', KEYS[1], 0, 44)
if head == '' then
    return 0
elseif #head < 45 then
    return redis.error_reply('DAMAGED a record is not a document')
elseif string.sub(head, 1, 1) ~= 'D' then
    return 0
end

local function is_before(high, low, other_high, other_low)
    return high < other_high or (high == other_high and low < other_low)
end

local idle_high, idle_low, absolute_high, absolute_low = struct.unpack('>I4I4I4I4', head, 26)
if not is_before(now_high, now_low, idle_high, idle_low)
    or not is_before(now_high, now_low, absolute_high, absolute_low) then
    return 0
end
local high, low = struct.unpack('>I4I4', ARGV[2])
if is_before(absolute_high, absolute_low, high, low) then
    high, low = absolute_high, absolute_low
end
if is_before(idle_high, idle_low, high, low) then
    redis.call('SETRANGE', KEYS[1], 25, struct.pack('>I4I4', high, low))
end
return 1
