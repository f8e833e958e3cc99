-- ardour7-lua partner.lua FOLDER
-- Makes a session with one MIDI track and obeys its stdin, a line each: "record" (rolls, recording), "keep" (stops, back
-- to the start, no more recording), "roll", "stop", "end". Answers "ready" when the session is there and after each line.

local folder = arg[1]
assert(AudioEngine:set_backend("JACK", "ardour", ""), "no JACK backend")
local session = create_session(folder, "partner", 48000)
assert(session, "no session")

local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local tracks = session:new_midi_track(midi, midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "Guitar",
	ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, false)
local track = tracks:front():to_midi_track()
local armed = track:rec_enable_control()

local function answer()
	print("ready")
	io.stdout:flush()
end

local function roll()
	session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
	repeat ARDOUR.LuaAPI.usleep(5000) until session:transport_rolling()
end

local function stop()
	session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
	repeat ARDOUR.LuaAPI.usleep(5000) until not session:transport_rolling()
end

answer()
for line in io.stdin:lines() do
	if line == "record" then
		armed:set_value(1, PBD.GroupControlDisposition.NoGroup)
		session:maybe_enable_record()
		roll()
	elseif line == "keep" then
		stop()
		ARDOUR.LuaAPI.usleep(500000)
		armed:set_value(0, PBD.GroupControlDisposition.NoGroup)
		session:disable_record(false, false)
		session:request_locate(0, false, ARDOUR.LocateTransportDisposition.MustStop,
			ARDOUR.TransportRequestSource.TRS_UI)
		ARDOUR.LuaAPI.usleep(500000)
	elseif line == "roll" then
		roll()
	elseif line == "stop" then
		stop()
	else
		break
	end
	answer()
end
close_session()
