#!lua flags=allow-oom
-- Replaces documents by tombstones; answers which of the keys had a document.
-- ARGV: prefix, now, end of the tombstones, the same as a score (empty: never), channel, the token of
-- the announcement, then its part for each document.
local prefix, now_high, now_low = ARGV[1], struct.unpack('>I4I4', ARGV[2])
local until_high, until_low = struct.unpack('>I4I4', ARGV[3])
local score = ARGV[4]
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

local deleted, announcement = {}, { ARGV[6] }
for i, key in ipairs(KEYS) do
    local head = redis.call('GETRANGE', key, 0, 44)
    if head ~= '' and #head < 45 then
        return redis.error_reply('DAMAGED a record is not a document')
    end
    if head ~= '' and not ended(head) then
        local is_there, is_later = string.sub(head, 1, 1) == 'D', true
        local name = string.sub(key, #prefix + 3)
        if is_there then
            if string.sub(head, 42, 45) ~= NONE then
                local owner = redis.call('GETRANGE', key, 45, 44 + struct.unpack('>I4', head, 42))
                redis.call('SREM', prefix .. 'o:' .. owner, name)
            end
            deleted[#deleted + 1] = i
            announcement[#announcement + 1] = ARGV[i + 6]
        else
            local high, low = struct.unpack('>I4I4', head, 26)
            is_later = high < until_high or (high == until_high and low < until_low)
        end
        if is_later then
            if score ~= '' then
                redis.call('ZADD', prefix .. 'ends', 'LT', score, name)
            end
            redis.call('SET', key, 'T' .. string.sub(head, 2, 25) .. ARGV[3] .. ARGV[3] .. NONE)
        end
    end
end
if #deleted > 0 then
    redis.call('PUBLISH', ARGV[5], table.concat(announcement))
end
return deleted
