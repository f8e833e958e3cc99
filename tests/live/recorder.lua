-- ardour7-lua recorder.lua FOLDER
-- Makes a session with one MIDI track and rolls, recording. Prints "rolling"; on a line on stdin it stops, prints
-- "note BEATS:TICKS CHANNEL NOTE VELOCITY" (1920 ticks to the beat, 120 BPM) for every note, and saves the session.

local folder = arg[1]
assert(AudioEngine:set_backend("JACK", "ardour", ""), "no JACK backend")
local session = create_session(folder, "take", 48000)
assert(session, "no session")

local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local tracks = session:new_midi_track(midi, midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "Drums",
	ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, false)
local track = tracks:front():to_midi_track()
track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
session:maybe_enable_record()
session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
repeat ARDOUR.LuaAPI.usleep(20000) until session:transport_rolling()
print("rolling")
io.stdout:flush()

io.stdin:read("l")
session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
repeat ARDOUR.LuaAPI.usleep(50000) until not session:transport_rolling()
ARDOUR.LuaAPI.usleep(300000)

local longest = nil
for _, region in ARDOUR.RegionFactory.regions():iter() do
	local recorded = region:to_midiregion()
	if not recorded:isnil() then longest = recorded end
end
assert(longest, "nothing was recorded")
for note in ARDOUR.LuaAPI.note_list(longest:model()):iter() do
	print("note", tostring(note:time()), note:channel(), note:note(), note:velocity())
end
session:save_state("")
close_session()
print("saved")
io.stdout:flush()
