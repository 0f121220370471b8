-- One exchange: everything that happens in a room at one moment, in one step for all instances.

local function set(list)
  local found = {}
  for _, name in ipairs(list) do found[name] = 0 end
  return found
end

local function settings_of(text)
  local settings = {}
  for name, value in string.gmatch(text, '(%w+_?%w*)=(%S+)') do
    settings[name] = tonumber(value) or value
  end
  settings.presence = settings.presence == 1
  if settings.users then
    settings.rate = {
      users = settings.users, interval = settings.interval,
      burst = settings.burst or 1, grid = settings.grid == 1 or nil,
    }
  end
  return settings
end

local function fresh_line()
  head.issued, head.live, head.claimed, head.origin = 0, 0, 0, head.clock
  head.deck_to, head.ripe_to, head.ripe_next = 0, 0, 0
  head.ripen_at, head.moved_at, head.carry = 0, 0, 0
  head.called_to, head.called_last_at, head.called_last_to = 0, nil, 0
  head.gaps, head.lost_from, head.lost_to, head.known_to = {}, 0, 0, 0
  head.phantoms, head.phantom_until, head.pending = nil, 0, {}
  fresh_estimates()
  inside, on_deck = 0, 0
end

local function forget_line()
  for _, key in ipairs({ 'slots', 'due', 'inside', 'deck', 'heard', 'called', 'changed', 'untold' }) do
    call('UNLINK', base .. key)
  end
end

local function reset()
  forget_everybody()
  forget_line()
  head.epoch = (head.epoch + 1) % 65536
  fresh_line()
  head.changed_floor = head.rev + 1
  marked, given, gone = {}, {}, {}
end

local function create(now, text, json, json_open)
  head = { clock = now, epoch = 1, rev = 0, changed_floor = 0, settings_rev = 1, peers = {} }
  s = settings_of(text)
  head.settings, head.json, head.json_open = s, json, json_open
  head.pace = { promised = speed(s), invite = speed(s), react = react(s), react_wanted = react(s) }
  head.pace.settled_at = 0
  head.due, head.due_rest, head.cell, head.used = 0, 0, 0, 0
  head.rest_until, head.sweep_at = 0, 0
  local counts = { 'admitted', 'no_shows', 'idle', 'overshoot', 'disorder', 'duplicates', 'refused' }
  for name, zero in pairs(set(counts)) do head[name] = zero end
  head.ended = { 0, 0, 0, 0 }
  fresh_line()
end

local function load()
  local packed = call('GET', base .. 'head')
  if not packed then return false end
  head = cmsgpack.unpack(packed)
  s = head.settings
  inside, on_deck = call('ZCARD', base .. 'due'), call('ZCARD', base .. 'deck')
  return true
end

-- How many copies of this server listen to it.
local function replicas() return tonumber(string.match(call('INFO', 'replication'), 'connected_slaves:(%d+)')) end

-- What this server is: another one, or the same one started anew, may have lost something.
local function server() return string.match(call('INFO', 'server'), 'run_id:(%x+)') end

local function save()
  local count = 0
  for place in pairs(marked) do
    if count == 0 then head.rev = head.rev + 1 end
    count = count + 1
    call('ZADD', base .. 'changed', head.rev, pad(place))
  end
  -- Whoever has not asked for so long is told everything.
  if count > 0 and call('ZCARD', base .. 'changed') > 50000 then
    local last = call('ZRANGE', base .. 'changed', 25000, 25000, 'WITHSCORES')
    head.changed_floor = tonumber(last[2])
    call('ZREMRANGEBYRANK', base .. 'changed', 0, 25000)
  end
  head.turn = (head.turn or 0) + 1
  local packed = cmsgpack.pack(head)
  call('SET', base .. 'head', packed)
  return packed
end

local function pass_time(now)
  local before = head.clock
  head.clock = max(before, now)
  if head.ready_at then
    head.idle = head.idle + max(head.clock - head.ready_at - TICK, 0)
    head.ready_at = nil
  end
  if head.clock - before > s.slack * 1000 and head.live > inside then rest() end
  settle_pace()
  if s.mode == 'bypass' and head.clock >= s['until'] then
    local open = {}
    for name, value in pairs(s) do open[name] = value end
    open.mode, open['until'] = 'open', nil
    change(open, head.json_open, '')
  end
end

local function log_called()
  local last = head.called_last_at
  local due = not last or head.clock - last >= STEP_CALLED
  if head.called_to > head.called_last_to and due then write_called(head.called_to) end
end

local function ahead_of(place, deck, share)
  if place <= head.deck_to then return rank(place) end
  return deck + floor(max(place - head.deck_to - 1, 0) * share / 1000)
end

local function foresee()
  roll_departures()
  forecasts_reached()
  local rate, share = expected_rate(), show_permille()
  local low, high = head.low, head.high
  local place = rate and forecast_wanted()
  if place then
    local forecast = 1
    if rate > 0 then
      forecast = floor((ahead_of(place, on_deck, share or 1000) + 1) * 1000000 / rate)
    end
    local made = { place = place, at = head.clock, forecast = max(forecast, 1), low = low, high = high }
    head.open[#head.open + 1] = made
  end
  return {
    head.epoch, head.clock, head.issued, head.deck_to, head.ripe_to, on_deck,
    max(head.live - inside, 0), inside - head.claimed, head.claimed, rate or -1, share or -1,
    head.pace.promised, low or -1, high or -1,
    head.admitted, head.ended[1], head.ended[2], head.ended[3], head.ended[4], head.no_shows,
    head.idle, head.overshoot, head.disorder, head.duplicates, head.refused,
    head.covered > 0 and floor(head.held * 1000 / head.covered) or -1,
  }
end

-- Where a place stands: waiting 0, on the deck 1, inside 2 with its deadline; and who is before.
local function position(answers, place)
  local found = slot(place)
  local standing, deadline, before = 0, 0, 0
  if found then
    standing, deadline = 2, found.deadline
  else
    if place <= head.deck_to then standing = 1 end
    before = ahead_of(place, on_deck, show_permille() or 1000)
  end
  answers[#answers + 1] = place
  answers[#answers + 1] = standing
  answers[#answers + 1] = deadline
  answers[#answers + 1] = before
end

-- Whose pass changed since a revision; everybody inside when that is too long ago.
local function changes_since(since)
  local whole, places = since < head.changed_floor, nil
  if whole then
    places = call('HKEYS', base .. 'slots')
  else
    places = call('ZRANGEBYSCORE', base .. 'changed', '(' .. string.format('%d', since), '+inf')
  end
  local numbers, users = {}, {}
  for _, text in ipairs(places) do
    local place = tonumber(text)
    local found = slot(place)
    local generation = found and member(place)
    numbers[#numbers + 1] = place
    numbers[#numbers + 1] = found and found.deadline or -1
    numbers[#numbers + 1] = found and found.called or 0
    numbers[#numbers + 1] = found and found.claimed and 1 or 0
    numbers[#numbers + 1] = generation and generation.generation or 0
    users[#users + 1] = found and found.user or ''
  end
  return { whole and 1 or 0, numbers, table.concat(users) }
end

local function controls(first)
  for at = first, #ARGV, 3 do
    if ARGV[at] == 'reset' then
      reset()
    else
      change(settings_of(ARGV[at]), ARGV[at + 1], ARGV[at + 2])
    end
  end
end

local function note_peer(instance)
  for name, at in pairs(head.peers) do
    if head.clock - at > 5000000 then head.peers[name] = nil end
  end
  head.peers[instance] = head.clock
end

-- What was to be written down and perhaps was not, because the answer that told of it was lost:
-- each instance is told again until it has heard a later answer, and what was last told to one that
-- is gone is told to another.
local function tell_again(name, heard)
  local told = cmsgpack.unpack(call('HGET', base .. 'untold', name))
  call('HDEL', base .. 'untold', name)
  if told.epoch ~= head.epoch or told.turn <= heard then return end
  for _, one in ipairs(told.given) do given[#given + 1] = one end
  for _, place in ipairs(told.gone) do gone[#gone + 1] = place end
end

local function tell_all_again(instance, heard)
  for _, name in ipairs(call('HKEYS', base .. 'untold')) do
    if name == instance then
      tell_again(name, heard)
    elseif not head.peers[name] then
      tell_again(name, -1)
    end
  end
end

local function remember_told(instance)
  if #given == 0 and #gone == 0 then return end
  local told = { epoch = head.epoch, turn = head.turn, given = given, gone = gone }
  call('HSET', base .. 'untold', instance, cmsgpack.pack(told))
end

local function exchange(now)
  local since, settings_rev, instance = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
  local life, turn = ARGV[6], tonumber(ARGV[7])
  if not load() then return { 'EMPTY' } end
  if head.run_id ~= server() or head.life ~= life or head.turn < turn then return { 'HEAL' } end
  if head.restoring then return { 'HEAL' } end
  pass_time(now)
  controls(12)
  local extended, ended, joined, touched, told = {}, {}, {}, {}, {}
  local blob = ARGV[11]
  for at = 1, #blob, 16 do
    local place, wanted = struct.unpack('>I8i8', blob, at)
    extended[#extended + 1] = extend(place, wanted)
  end
  expire()
  move_frontier()
  blob = ARGV[10]
  for at = 1, #blob, 25 do
    local meant, reason = struct.unpack('>I8B', blob, at + 16)
    ended[#ended + 1] = leave(string.sub(blob, at, at + 15), meant > 0 and meant or nil, reason)
  end
  blob = ARGV[8]
  for at = 1, #blob, 17 do
    joined[#joined + 1] = { join(string.sub(blob, at, at + 15), string.byte(blob, at + 16) == 1) }
  end
  blob = ARGV[9]
  for at = 1, #blob, 27 do
    local place, generation, known = struct.unpack('>I8HB', blob, at)
    local user = known == 1 and string.sub(blob, at + 11, at + 26) or nil
    touched[#touched + 1] = { touch(place, user, generation) }
  end
  local admitted = admit()
  for i = 1, #joined do if joined[i][1] then claim(joined[i][1]) end end
  for i = 1, #touched do if touched[i][1] then claim(touched[i][1]) end end
  log_called()
  local snapshot = foresee()
  local joins, touches, calls, callers = {}, {}, {}, {}
  for _, answer in ipairs(joined) do
    local found = answer[1] and member(answer[1])
    if answer[1] then
      joins[#joins + 1] = answer[2] and 1 or 0
      joins[#joins + 1] = found and found.generation or 0
      position(joins, answer[1])
    else
      joins[#joins + 1] = -answer[2]
      for _ = 1, 5 do joins[#joins + 1] = 0 end
    end
  end
  for _, answer in ipairs(touched) do
    touches[#touches + 1] = answer[1] and 0 or answer[2]
    if answer[1] then
      position(touches, answer[1])
    else
      for _ = 1, 4 do touches[#touches + 1] = 0 end
    end
  end
  for _, one in ipairs(admitted) do
    calls[#calls + 1] = one[1]
    calls[#calls + 1] = one[2]
    callers[#callers + 1] = one[3]
  end
  note_peer(instance)
  tell_all_again(instance, turn)
  local copies = #admitted > 0 and replicas() or 0
  local places, owners = {}, {}
  for _, one in ipairs(given) do
    places[#places + 1] = one[1]
    places[#places + 1] = one[2]
    owners[#owners + 1] = one[3]
  end
  local essence = save()
  remember_told(instance)
  local json = settings_rev ~= head.settings_rev and head.json or ''
  return {
    'OK', snapshot, extended, ended, joins, touches, calls, table.concat(callers),
    changes_since(since), { head.rev, head.settings_rev, head.turn }, json, essence,
    copies, places, table.concat(owners), gone,
  }
end
