#!lua flags=allow-oom
-- Removes what has expired; answers how many, and whether it is done.
-- ARGV: prefix, now, now as a score, how many to remove and to look at, at most.
local prefix, now_high, now_low = ARGV[1], struct.unpack('>I4I4', ARGV[2])
local limit = tonumber(ARGV[4])
local NONE, NEVER = '\255\255\255\255', '\255\255\255\255\255\255\255\255'
local ends = prefix .. 'ends'

local removed, corrected = 0, 0
local due = redis.call('ZRANGEBYSCORE', ends, '-inf', ARGV[3], 'LIMIT', 0, ARGV[5])
for _, name in ipairs(due) do
    if removed == limit then
        break
    end
    local key = prefix .. 'd:' .. name
    local head = redis.call('GETRANGE', key, 0, 44)
    if head == '' then
        corrected = corrected + redis.call('ZREM', ends, name)
    elseif #head < 45 then
        return redis.error_reply('DAMAGED a record is not a document')
    else
        local high, low, absolute_high, absolute_low = struct.unpack('>I4I4I4I4', head, 26)
        local deadline = string.sub(head, 26, 33)
        if absolute_high < high or (absolute_high == high and absolute_low < low) then
            high, low, deadline = absolute_high, absolute_low, string.sub(head, 34, 41)
        end
        if high < now_high or (high == now_high and low <= now_low) then
            if string.sub(head, 42, 45) ~= NONE then
                local owner = redis.call('GETRANGE', key, 45, 44 + struct.unpack('>I4', head, 42))
                redis.call('SREM', prefix .. 'o:' .. owner, name)
            end
            redis.call('UNLINK', key)
            redis.call('ZREM', ends, name)
            removed = removed + 1
        elseif deadline == NEVER then
            corrected = corrected + redis.call('ZREM', ends, name)
        else
            local score = string.format('%.17g', (high - 2147483648) * 4294967296 + low)
            corrected = corrected + redis.call('ZADD', ends, 'CH', score, name)
        end
    end
end
local finished = removed == limit or #due < tonumber(ARGV[5]) or removed + corrected == 0
return { removed, finished and 1 or 0 }
