#!lua
-- Checks all conditions, then does all writes and announces them.
-- ARGV: prefix, now, channel, then four per document: expected version (empty: absent), new record
-- (empty: none), length of its head, deadline (empty: never); at last the announcement.
local prefix, now_high, now_low = ARGV[1], struct.unpack('>I4I4', ARGV[2])
local HOLDS, DIFFERS, GONE = 0, 1, 2
local NONE = '\255\255\255\255'

local function ended(head)
    for at = 26, 34, 8 do
        local high, low = struct.unpack('>I4I4', head, at)
        if high < now_high or (high == now_high and low <= now_low) then
            return true
        end
    end
    return false
end

local heads, verdict = {}, HOLDS
for i, key in ipairs(KEYS) do
    local expected, length = ARGV[i * 4], tonumber(ARGV[i * 4 + 2])
    local head = redis.call('GETRANGE', key, 0, length - 1)
    heads[i] = head
    local kind = string.sub(head, 1, 1)
    if head == '' or ((kind == 'D' or kind == 'T') and #head >= 45 and ended(head)) then
        if expected ~= '' then verdict = GONE end
    elseif (kind ~= 'D' and kind ~= 'T') or #head < 45 then
        return redis.error_reply('DAMAGED a record is no document')
    elseif kind == 'T' then
        verdict = GONE
    elseif string.sub(head, 2, 25) ~= expected and verdict == HOLDS then
        verdict = DIFFERS
    end
end
if verdict == GONE then
    return 0
elseif verdict == DIFFERS then
    return redis.call('MGET', unpack(KEYS))
end

-- The indexes first: whatever is wrong with them shows before a document has changed.
for i, key in ipairs(KEYS) do
    local record, length, deadline = ARGV[i * 4 + 1], tonumber(ARGV[i * 4 + 2]), ARGV[i * 4 + 3]
    if record ~= '' then
        local name = string.sub(key, #prefix + 3)
        if deadline ~= '' then
            -- Deadlines mostly move later; the sweep corrects that once it comes across it.
            redis.call('ZADD', prefix .. 'ends', 'LT', deadline, name)
        end
        local head = heads[i]
        local before = head == '' and NONE or string.sub(head, 42, length)
        local after = string.sub(record, 42, length)
        if before ~= after then
            if string.sub(before, 1, 4) ~= NONE then
                local size = struct.unpack('>I4', before)
                local owner = redis.call('GETRANGE', key, 45, 44 + size)
                redis.call('SREM', prefix .. 'o:' .. owner, name)
            end
            if string.sub(after, 1, 4) ~= NONE then
                redis.call('SADD', prefix .. 'o:' .. string.sub(after, 5), name)
            end
        end
    end
end
local changed = false
for i, key in ipairs(KEYS) do
    local record = ARGV[i * 4 + 1]
    if record ~= '' then
        redis.call('SET', key, record)
        changed = true
    end
end
if changed then
    redis.call('PUBLISH', ARGV[3], ARGV[#ARGV])
end
return 1
