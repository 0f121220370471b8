-- ARGV: the state, how many at most. Returns {id, attempts, body, reason, consumer, since in ms}.
ensure()
local state, most = ARGV[1], tonumber(ARGV[2])
local names = { 'high', 'usual', 'low' }
local found = {}
local function since(id) return tonumber(id:match('^%d+')) end
local function put(id, attempts, body, reason, consumer, ms)
  found[#found + 1] = { id, tonumber(attempts), body, reason, consumer, ms }
end
if state == 'delayed' then
  for _, member in ipairs(redis.call('ZRANGE', delayed, 0, most - 1)) do
    local _, attempts, body = undelay(member)
    put('delayed-' .. member:sub(1, 16), attempts, body, '', '', -1)
  end
elseif state == 'dead' then
  for _, one in ipairs(redis.call('XRANGE', dead, '-', '+', 'COUNT', most)) do
    put('dead-' .. one[1], one[2][2], one[2][4], one[2][6], '', since(one[1]))
  end
else
  for place, stream in ipairs(streams) do
    local left = most - #found
    if left <= 0 then break end
    if state == 'waiting' then
      local waiting = redis.call('XRANGE', stream, '(' .. last_delivered(stream), '+', 'COUNT', left)
      for _, one in ipairs(waiting) do
        put(names[place] .. '-' .. one[1], one[2][2], one[2][4], '', '', since(one[1]))
      end
    else
      for _, one in ipairs(redis.call('XPENDING', stream, group, '-', '+', left)) do
        local attempts, body = entry(stream, one[1])
        if body then
          put(names[place] .. '-' .. one[1], attempts + one[4] - 1, body, '', one[2], since(one[1]))
        end
      end
    end
  end
end
return found
