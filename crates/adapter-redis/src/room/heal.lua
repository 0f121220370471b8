-- Opening a room, and what is done after the server lost its memory or a part of it.
--
-- What the instances saw is put together again: numbers that may have been given are not given
-- again, and who is inside comes back from the copies that the instances have. Until each instance
-- that was there has brought its own, as many slots stay taken as may have been lost, so the limit
-- holds. Places come back from the book that is kept beside the server; until all of it is read
-- nobody is answered. What is in no book comes back with the tokens of the users.

local MARGIN = 100000

-- Whoever puts places back says so with every step; another takes over when he falls silent.
local RESTORER_SILENT = 5000000

-- What the book of places knows: the life of the room, the last place, and the first that is live.
-- Whoever has a book reads it only when it is needed.
local function is_unread(first) return ARGV[first] == '?' end

local function book_of(first)
  local epoch, issued, smallest = tonumber(ARGV[first]), tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2])
  if epoch and issued > 0 then return { epoch = epoch, issued = issued, first = smallest } end
end

-- Whether another instance is at it.
local function is_busy(instance, now)
  local at_it = head.restoring
  return at_it and at_it.by ~= instance and now - at_it.at <= RESTORER_SILENT
end

local function begin_restoring(book, instance, now)
  if book and book.epoch == head.epoch then head.restoring = { by = instance, at = now } end
end

-- Numbers that may have been given are not given again.
local function leave_gap()
  head.gaps[#head.gaps + 1] = { head.issued, head.issued + MARGIN }
  head.issued = head.issued + MARGIN
end

-- A room is made; one that the book knows goes on in its line.
local function open(now)
  local instance, book = ARGV[7], book_of(8)
  if not load() then
    if is_unread(8) then return { 'READ' } end
    create(now, ARGV[3], ARGV[4], ARGV[5])
    head.life, head.run_id = ARGV[6], server()
    if book then
      head.epoch, head.issued = book.epoch, book.issued
      leave_gap()
      head.lost_to = head.issued
      level(book.first - 1)
      rest()
      begin_restoring(book, instance, now)
    end
  elseif is_busy(instance, now) then
    return { 'BUSY' }
  elseif head.restoring then
    if is_unread(8) then return { 'READ' } end
    head.restoring = { by = instance, at = now }
  end
  note_peer(instance)
  save()
  return { 'OK', head.life, head.restoring and 1 or 0 }
end

-- Nothing of the rate that may have been spent is spent again.
local function empty_bank()
  local rate = s.rate
  if not rate then return end
  if rate.grid then
    head.grid_origin = head.grid_origin or head.clock
    head.cell, head.used = cell_now(rate), rate.users
  elseif distance_ns(rate) < step_ns(rate) then
    set_due(step_ns(rate))
  end
end

-- The room as the instance saw it, without anybody in it: the server knows nothing of them.
local function adopt(known)
  local gaps = known.gaps
  head = known
  s = head.settings
  inside, on_deck = 0, 0
  local issued, deck_to, ripe_to, called_to = head.issued, head.deck_to, head.ripe_to, head.called_to
  forget_line()
  fresh_line()
  head.issued, head.deck_to, head.ripe_to, head.called_to = issued, deck_to, ripe_to, called_to
  head.ripe_next, head.gaps = ripe_to, gaps
  head.low, head.high = nil, nil
end

local function begin_life(known, has_head, book, now)
  if not has_head then
    adopt(known)
  elseif known and known.epoch > head.epoch then
    forget_everybody()
    adopt(known)
    has_head = false
  end
  if book and book.epoch > head.epoch then
    -- A reset that this server has not heard of.
    forget_everybody()
    forget_line()
    head.epoch, has_head = book.epoch, false
    fresh_line()
    level(book.first - 1)
  end
  local kept = has_head and head.issued or 0
  if has_head then call('DEL', base .. 'deck', base .. 'heard') end
  on_deck = 0
  if known and known.epoch == head.epoch and has_head then
    head.issued = max(head.issued, known.issued)
    head.deck_to = max(head.deck_to, known.deck_to)
    head.ripe_to = max(head.ripe_to, known.ripe_to)
    head.rev, head.turn = max(head.rev, known.rev), max(head.turn, known.turn)
    if known.settings_rev > head.settings_rev then
      change(known.settings, known.json, known.json_open)
      head.settings_rev = known.settings_rev
    end
  end
  head.clock = max(head.clock, now)
  head.ripe_next = head.ripe_to
  head.ripen_at = head.clock + head.pace.react
  head.moved_at, head.carry = head.clock, 0
  if book and book.epoch == head.epoch then head.issued = max(head.issued, book.issued) end
  leave_gap()
  head.lost_from, head.lost_to, head.known_to = kept, head.issued, 0
  head.rev, head.turn = head.rev + 1000000, head.turn + 1000000
  head.changed_floor = head.rev
  call('DEL', base .. 'changed')
  empty_bank()
  rest()
  head.phantoms, head.pending = nil, {}
  local peers = (known or head).peers
  for name in pairs(peers) do head.pending[name] = true end
end

-- Somebody was inside when the instance last looked.
local function bring_back(place, user, generation, called, deadline, claimed)
  if deadline <= head.clock or slot(place) then return end
  if call('SISMEMBER', base .. 'inside', user) == 1 then return end
  local found = member(place)
  if not found then
    if not may_be_lost(place) then return end
    local other = find(user)
    if other then
      leave_deck(other)
      end_member(other)
    end
    put_member(place, user, generation, seen_step())
  elseif found.user ~= user then
    return
  end
  leave_deck(place)
  put_slot(place, { user = user, called = called, deadline = deadline, claimed = claimed })
  if head.phantoms then head.phantoms = max(head.phantoms - 1, 0) end
end

local function heal(now)
  local instance, life, seen_life, turn = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
  local known = ARGV[7] ~= '' and cmsgpack.unpack(ARGV[7]) or nil
  local has_head = load()
  if not has_head and not known then return { 'EMPTY' } end
  local book = book_of(9)
  local lost = not has_head or head.run_id ~= server() or (known and head.turn < turn)
  if lost then
    if is_unread(9) then return { 'READ' } end
    begin_life(known, has_head, book, now)
    head.life, head.run_id = life, server()
    begin_restoring(book, instance, now)
  elseif is_busy(instance, now) then
    return { 'BUSY' }
  elseif head.restoring then
    if is_unread(9) then return { 'READ' } end
    head.restoring = { by = instance, at = now }
  end
  head.clock = max(head.clock, now)
  if known and known.epoch == head.epoch then
    local blob = ARGV[8]
    for at = 1, #blob, 43 do
      local place, generation, called, deadline, claimed = struct.unpack('>I8Hi8i8B', blob, at + 16)
      bring_back(place, string.sub(blob, at, at + 15), generation, called, deadline, claimed == 1)
    end
  end
  if lost and s.active_max then
    head.phantoms = max(s.active_max - inside, 0)
    head.phantom_until = head.clock + (s.ttl + s.claim + s.extension) * 1000
  end
  head.pending[instance] = nil
  if next(head.pending) == nil then head.phantoms = nil end
  save()
  return { 'OK', head.life, head.restoring and 1 or 0 }
end

-- A place that the book knows.
local function put_back(place, user, generation)
  local found = member(place)
  if found then
    if generation > found.generation then update_member(place, generation, found.seen) end
    return
  end
  local other = find(user)
  if other then
    remove_slot(other)
    leave_deck(other)
    end_member(other)
  end
  put_member(place, user, generation, seen_step())
end

-- A place that is over, whatever somebody remembers of it. Its slot may have been given to somebody
-- of whom only another instance knows.
local function take_away(place)
  if remove_slot(place) and head.phantoms then head.phantoms = head.phantoms + 1 end
  leave_deck(place)
  end_member(place)
end

-- Some of what the book knows; with the last of it, everything is known up to its last place.
local function restore(now)
  local instance, life, known_to = ARGV[3], ARGV[4], tonumber(ARGV[5])
  if not load() or head.life ~= life then return { 'LOST' } end
  if not head.restoring or head.restoring.by ~= instance then return { 'LOST' } end
  head.restoring.at = now
  head.clock = max(head.clock, now)
  local blob = ARGV[6]
  for at = 1, #blob, 8 do take_away((struct.unpack('>I8', blob, at))) end
  blob = ARGV[7]
  for at = 1, #blob, 26 do
    local place, generation = struct.unpack('>I8H', blob, at + 16)
    put_back(place, string.sub(blob, at, at + 15), generation)
  end
  if known_to > 0 then
    head.known_to, head.restoring = known_to, nil
    rest()
  end
  save()
  return { 'OK' }
end

local time = call('TIME')
local now = ARGV[2] == '' and time[1] * 1000000 + time[2] or tonumber(ARGV[2])
if ARGV[1] == 'exchange' then return exchange(now) end
if ARGV[1] == 'open' then return open(now) end
if ARGV[1] == 'restore' then return restore(now) end
return heal(now)
