#!lua
-- Checks all conditions, then does all writes and publishes them.
-- ARGV: prefix, now, channel, then four per document: expected version (empty: absent), new record
-- (empty: none), length of its head, deadline (empty: never); at last the announcement.
local call, sub, byte, read = redis.call, string.sub, string.byte, struct.unpack
local now_high, now_low = read('>I4I4', ARGV[2])
local HOLDS, DIFFERS, GONE = 0, 1, 2
local DOCUMENT, TOMBSTONE, NONE = 68, 84, '\255\255\255\255'

-- Most commits replace one live document at the expected version, and change no index. All other
-- commits take the long way below, which has the same effect.
if #KEYS == 1 then
    local key, expected, record, length = KEYS[1], ARGV[4], ARGV[5], ARGV[6]
    -- `length` stays a string, because converting it costs time; so this reads a byte more than the head.
    local head = call('GETRANGE', key, '0', length)
    if expected ~= '' and record ~= '' and #head >= 45 and byte(head) == DOCUMENT
        and sub(head, 2, 25) == expected and sub(head, 42, length) == sub(record, 42, length) then
        local old_high, old_low, end_high, end_low = read('>I4I4I4I4', head, 26)
        if end_high < old_high or (end_high == old_high and end_low < old_low) then
            old_high, old_low = end_high, end_low
        end
        local high, low, last_high, last_low = read('>I4I4I4I4', record, 26)
        if last_high < high or (last_high == high and last_low < low) then
            high, low = last_high, last_low
        end
        if (old_high > now_high or (old_high == now_high and old_low > now_low))
            and (high > old_high or (high == old_high and low >= old_low)) then
            call('SET', key, record)
            call('PUBLISH', ARGV[3], ARGV[8])
            return 1
        end
    end
end

local function deadline(record)
    local high, low, absolute_high, absolute_low = read('>I4I4I4I4', record, 26)
    if absolute_high < high or (absolute_high == high and absolute_low < low) then
        return absolute_high, absolute_low
    end
    return high, low
end

local heads, highs, lows, verdict = {}, {}, {}, HOLDS
for i = 1, #KEYS do
    local expected, head = ARGV[i * 4], call('GETRANGE', KEYS[i], 0, ARGV[i * 4 + 2] - 1)
    heads[i] = head
    if head == '' then
        if expected ~= '' then verdict = GONE end
    else
        local kind = byte(head)
        if (kind ~= DOCUMENT and kind ~= TOMBSTONE) or #head < 45 then
            return redis.error_reply('DAMAGED a record is not a document')
        end
        local high, low = deadline(head)
        highs[i], lows[i] = high, low
        if high < now_high or (high == now_high and low <= now_low) then
            if expected ~= '' then verdict = GONE end
        elseif kind == TOMBSTONE then
            verdict = GONE
        elseif sub(head, 2, 25) ~= expected and verdict == HOLDS then
            verdict = DIFFERS
        end
    end
end
if verdict == GONE then
    return 0
elseif verdict == DIFFERS then
    return call('MGET', unpack(KEYS))
end

-- The indexes first: if one of them is damaged, the script fails before it changes a document.
local prefix, changed = ARGV[1], false
for i = 1, #KEYS do
    local key, record = KEYS[i], ARGV[i * 4 + 1]
    if record ~= '' then
        changed = true
        local head, old_high = heads[i], highs[i]
        local high, low = deadline(record)
        -- The index has a document at one of its deadlines so far, never later than the current one.
        -- Deadlines mostly move later; a sweep corrects the index when it meets the document.
        if not old_high or high < old_high or (high == old_high and low < lows[i]) then
            local score = ARGV[i * 4 + 3]
            if score ~= '' then
                call('ZADD', prefix .. 'ends', 'LT', score, sub(key, #prefix + 3))
            end
        end
        local length = ARGV[i * 4 + 2] + 0
        local before = head == '' and NONE or sub(head, 42, length)
        local after = sub(record, 42, length)
        if before ~= after then
            local name = sub(key, #prefix + 3)
            if sub(before, 1, 4) ~= NONE then
                local size = read('>I4', before)
                local owner = call('GETRANGE', key, 45, 44 + size)
                call('SREM', prefix .. 'o:' .. owner, name)
            end
            if sub(after, 1, 4) ~= NONE then
                call('SADD', prefix .. 'o:' .. sub(after, 5), name)
            end
        end
    end
end
if changed then
    for i = 1, #KEYS do
        local record = ARGV[i * 4 + 1]
        if record ~= '' then
            call('SET', KEYS[i], record)
        end
    end
    call('PUBLISH', ARGV[3], ARGV[#ARGV])
end
return 1
