-- ARGV: what to do, and with what. Returns how many jobs that was of.
ensure()
local what, with = ARGV[1], ARGV[2]

-- Whether an entry of a stream can be called so: the server takes another name for a fault.
local function is_id(text)
  local ms, number = text:match('^(%d+)%-(%d+)$')
  return ms and #ms <= 18 and #number <= 18
end

-- Which member of the delayed ones has this number.
local function delayed_of(number)
  for _, member in ipairs(redis.call('ZRANGE', delayed, 0, -1)) do
    if member:sub(1, 16) == number then return member end
  end
end

-- What nobody has taken of a stream, before an id if that is said.
local function drop_waiting(stream, before)
  local dropped, last = 0, '+'
  if before then last = '(' .. before end
  repeat
    local some = redis.call('XRANGE', stream, '(' .. last_delivered(stream), last, 'COUNT', 500)
    for _, one in ipairs(some) do dropped = dropped + redis.call('XDEL', stream, one[1]) end
  until #some == 0
  return dropped
end

if what == 'pause' then
  redis.call('SET', base .. 'paused', '1')
  return 0
elseif what == 'resume' then
  redis.call('DEL', base .. 'paused')
  return 0
elseif what == 'retry' then
  local id = with:match('^dead%-(.+)$')
  local found = id and is_id(id) and redis.call('XRANGE', dead, id, id)[1]
  if not found then return 0 end
  add(tonumber(found[2][8]), 0, found[2][4])
  return redis.call('XDEL', dead, id)
elseif what == 'discard' then
  local place, id = with:match('^(%a+)%-(.+)$')
  if place == 'delayed' then
    local member = delayed_of(id)
    return member and redis.call('ZREM', delayed, member) or 0
  end
  if not id or not is_id(id) then return 0 end
  if place == 'dead' then return redis.call('XDEL', dead, id) end
  if place ~= 'high' and place ~= 'usual' and place ~= 'low' then return 0 end
  -- What a consumer has is not touched.
  if redis.call('XPENDING', base .. place, group, id, id, 1)[1] then return 0 end
  return redis.call('XDEL', base .. place, id)
elseif what == 'drain' then
  local dropped = redis.call('ZCARD', delayed)
  redis.call('DEL', delayed)
  for _, stream in ipairs(streams) do dropped = dropped + drop_waiting(stream) end
  return dropped
elseif what == 'restart' then
  -- A clean group: nobody has anything, and what is older than asked for is passed over.
  local dropped = 0
  for _, stream in ipairs(streams) do
    redis.call('XGROUP', 'DESTROY', stream, group)
    redis.call('XGROUP', 'CREATE', stream, group, '0')
    if with == '+' then
      dropped = dropped + drop_waiting(stream)
    elseif with ~= '-' then
      dropped = dropped + drop_waiting(stream, with)
    end
  end
  if with == '+' then redis.call('DEL', delayed) end
  return dropped
end
return redis.error_reply('no such change')
