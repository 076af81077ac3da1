#!lua flags=no-writes
-- The names of an owner's live documents. ARGV: prefix, now, owner.
local prefix, now_high, now_low = ARGV[1], struct.unpack('>I4I4', ARGV[2])
local names = {}
for _, name in ipairs(redis.call('SMEMBERS', prefix .. 'o:' .. ARGV[3])) do
    local head = redis.call('GETRANGE', prefix .. 'd:' .. name, 0, 44)
    if #head == 45 and string.sub(head, 1, 1) == 'D' then
        local high, low, absolute_high, absolute_low = struct.unpack('>I4I4I4I4', head, 26)
        if (high > now_high or (high == now_high and low > now_low))
            and (absolute_high > now_high or (absolute_high == now_high and absolute_low > now_low)) then
            names[#names + 1] = name
        end
    end
end
return names
