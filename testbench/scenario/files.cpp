/* SPDX-License-Identifier: Apache-2.0 */
/* The files of `vfsim run --out`, as the tools that they are for take them. */
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using ::testing::Contains;
using ::testing::Each;
using ::testing::IsSupersetOf;

namespace
{
/* A program's output, and what it complained of. */
struct Spoken {
	int code = -1;
	std::string out, err;

	std::vector<std::string> lines() const
	{
		std::vector<std::string> found;
		std::istringstream in(out);

		for (std::string line; std::getline(in, line);)
			found.push_back(line);
		return found;
	}
};

std::string slurp(const std::string &path)
{
	std::ifstream file(path, std::ios::binary);

	return std::string((std::istreambuf_iterator<char>(file)), {});
}

const std::string scratch =
	std::filesystem::temp_directory_path() / ("vfsim-files-" + std::to_string(getpid()));

Spoken speak(const std::string &command)
{
	const std::string err = scratch + "/stderr";
	std::filesystem::create_directories(scratch);
	FILE *pipe = popen((command + " 2>" + err).c_str(), "r");
	char buffer[4096];
	Spoken spoken;

	while (size_t n = fread(buffer, 1, sizeof(buffer), pipe))
		spoken.out.append(buffer, n);
	int status = pclose(pipe);
	spoken.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	spoken.err = slurp(err);
	return spoken;
}

void vfsim(const std::string &args, const std::string &dir)
{
	Spoken spoken = speak(VFSIM_BINARY_DIR "/vfsim " + args + " --quiet --out " + dir);

	EXPECT_EQ(spoken.code, 0) << spoken.out << spoken.err;
	EXPECT_EQ(spoken.err, "");
}

/* What tshark says; on stderr nothing but that it is not fond of root. */
Spoken tshark(const std::string &file, const std::string &options)
{
	const std::string fond = "Running as user \"root\" and group \"root\". "
				 "This could be dangerous.\n";
	Spoken spoken = speak("tshark -r " + file + " " + options);

	if (spoken.err == fond)
		spoken.err = "";
	EXPECT_EQ(spoken.code, 0);
	EXPECT_EQ(spoken.err, "");
	return spoken;
}

using Json = std::shared_ptr<json_t>;

Json load(const std::string &path)
{
	json_error_t error;
	Json json(json_load_file(path.c_str(), JSON_REJECT_DUPLICATES, &error), json_decref);

	EXPECT_TRUE(json) << path << ": " << error.text;
	return json;
}

std::string text(const json_t *event, const char *key)
{
	const char *found = json_string_value(json_object_get(event, key));

	return found ? found : "";
}

double number(const json_t *event, const char *key)
{
	return json_number_value(json_object_get(event, key));
}

/* One track, as its events are read in the file's order. */
struct Track {
	std::string name, process;
	double last_us = 0;
	std::vector<std::string> open; /* spans by B */
	std::set<std::string> spans, instants;
	std::vector<double> ends_us = {}; /* of spans by X that are not over */
};

/*
 * What Perfetto makes of a track's events once they are sorted: it cuts times to nanoseconds and
 * keeps a stack of slices, as its slice_tracker.cc has it. What it would drop or mend fails here.
 */
class SliceStack
{
public:
	static constexpr int64_t kOpen = -1;

	void Begin(int64_t ts, int64_t dur, const std::string &name)
	{
		Close(ts, dur, name);
		stack_.push_back({ts, dur, name});
	}
	void End(int64_t ts)
	{
		Close(ts, kOpen, "an end");
		ASSERT_FALSE(stack_.empty()) << "an end of nothing";
		ASSERT_EQ(stack_.back().dur, kOpen)
			<< stack_.back().name << " lasts longer than what it is in";
		stack_.pop_back();
	}
	bool IsOver() const
	{
		return std::none_of(stack_.begin(), stack_.end(),
				    [](const Slice &slice) { return slice.dur == kOpen; });
	}

private:
	struct Slice {
		int64_t ts, dur;
		std::string name;
	};

	void Close(int64_t ts, int64_t dur, const std::string &name)
	{
		while (!stack_.empty() && stack_.back().dur != kOpen) {
			const Slice &last = stack_.back();
			const int64_t end = last.ts + last.dur;

			if (end > ts || (end == ts && last.dur == 0 && dur == 0))
				break;
			stack_.pop_back();
		}
		for (const Slice &outer : stack_)
			if (outer.dur != kOpen && dur != kOpen) {
				ASSERT_LE(ts + dur, outer.ts + outer.dur)
					<< name << " at " << ts << " begins in " << outer.name
					<< " at " << outer.ts << " and ends after it: dropped";
			}
	}

	std::vector<Slice> stack_;
};

/* A timeline: checked event by event, and what is in it by track. */
class Timeline
{
public:
	explicit Timeline(const std::string &path) : json_(load(path))
	{
		size_t i;
		json_t *event;

		json_array_foreach(json_object_get(json_.get(), "traceEvents"), i, event)
		{
			Take(event);
			if (::testing::Test::HasFailure())
				return;
		}
		for (const auto &[id, track] : tracks_) {
			EXPECT_TRUE(track.open.empty()) << track.name << " ends within a span";
			EXPECT_NE(track.name, "") << "tid " << id << " has no name";
			EXPECT_NE(processes_[pids_[id]], "") << "pid " << pids_[id];
		}
		for (const auto &counter : counters_)
			EXPECT_NE(processes_[counter.first.first], "");
		ReadAsPerfettoDoes();
	}

	/* "source: VF 0" */
	std::set<std::string> Tracks()
	{
		std::set<std::string> found;

		for (const auto &[id, track] : tracks_)
			found.insert(processes_[pids_[id]] + ": " + track.name);
		return found;
	}
	const Track &Of(const std::string &process, const std::string &name)
	{
		static const Track none;

		for (const auto &[id, track] : tracks_)
			if (processes_[pids_[id]] == process && track.name == name)
				return track;
		ADD_FAILURE() << "no track " << process << ": " << name;
		return none;
	}
	std::set<std::string> Counters(const std::string &process)
	{
		std::set<std::string> found;

		for (const auto &counter : counters_)
			if (processes_[counter.first.first] == process)
				found.insert(counter.first.second);
		return found;
	}
	/* Length of the only span of that name, in nanoseconds. */
	double Length(const std::string &name)
	{
		EXPECT_EQ(lengths_.count(name), 1u) << name;
		return lengths_.count(name) ? 1000 * lengths_.find(name)->second : 0;
	}

private:
	static int64_t Nanoseconds(const json_t *event, const char *key)
	{
		return static_cast<int64_t>(number(event, key) * 1000);
	}
	void ReadAsPerfettoDoes()
	{
		std::map<std::pair<int, int>, SliceStack> stacks;
		std::vector<json_t *> events;
		size_t i;
		json_t *event;

		EXPECT_EQ(json_object_size(json_.get()), 1u) << "units would be misread";
		json_array_foreach(json_object_get(json_.get(), "traceEvents"), i, event)
		{
			events.push_back(event);
		}
		std::stable_sort(events.begin(), events.end(), [](json_t *a, json_t *b) {
			return Nanoseconds(a, "ts") < Nanoseconds(b, "ts");
		});
		for (json_t *at : events) {
			const char phase = text(at, "ph")[0];
			const int pid = static_cast<int>(number(at, "pid"));
			const int tid = static_cast<int>(number(at, "tid"));
			SliceStack &stack = stacks[{pid, tid}];

			EXPECT_EQ(processes_.count(tid), 0u) << "a main thread's tid";
			if (phase == 'B')
				stack.Begin(Nanoseconds(at, "ts"), SliceStack::kOpen,
					    text(at, "name"));
			else if (phase == 'E')
				stack.End(Nanoseconds(at, "ts"));
			else if (phase == 'X' || phase == 'i')
				stack.Begin(Nanoseconds(at, "ts"), Nanoseconds(at, "dur"),
					    text(at, "name"));
			if (::testing::Test::HasFailure())
				return;
		}
		for (const auto &[track, stack] : stacks)
			EXPECT_TRUE(stack.IsOver()) << "tid " << track.second;
	}
	void Take(json_t *event)
	{
		const std::string phase = text(event, "ph"), name = text(event, "name");
		const int pid = static_cast<int>(number(event, "pid"));
		const int tid = static_cast<int>(number(event, "tid"));

		ASSERT_EQ(phase.size(), 1u);
		ASSERT_GT(pid, 0);
		ASSERT_TRUE(json_is_number(json_object_get(event, "ts")));
		ASSERT_TRUE(phase == "E" || name != "");
		if (phase == "M")
			Metadata(name, pid, tid, json_object_get(event, "args"));
		else if (phase == "C")
			Counter(name, pid, event);
		else
			Mark(phase[0], name, pid, tid, event);
	}
	void Metadata(const std::string &what, int pid, int tid, const json_t *args)
	{
		if (what == "process_name")
			processes_[pid] = text(args, "name");
		if (what != "thread_name")
			return;
		EXPECT_EQ(tracks_.count(tid), 0u) << "tid " << tid << " is named twice";
		tracks_[tid].name = text(args, "name");
		pids_[tid] = pid;
	}
	void Counter(const std::string &name, int pid, const json_t *event)
	{
		double &last = counters_[{pid, name}];

		ASSERT_GE(number(event, "ts"), last) << name;
		ASSERT_GE(number(json_object_get(event, "args"), "value"), 0) << name;
		last = number(event, "ts");
	}
	/* A span or an instant: within what is open on its track, and not before what was. */
	void Mark(char phase, const std::string &name, int pid, int tid, const json_t *event)
	{
		const double ts = number(event, "ts");

		ASSERT_EQ(tracks_.count(tid), 1u) << "tid " << tid << " has no name yet";
		ASSERT_EQ(pids_[tid], pid);
		Track &track = tracks_[tid];
		ASSERT_GE(ts, track.last_us) << track.name;
		track.last_us = ts;
		while (!track.ends_us.empty() && track.ends_us.back() <= ts + 1e-4)
			track.ends_us.pop_back();
		switch (phase) {
		case 'B':
			ASSERT_TRUE(track.ends_us.empty()) << track.name << ": " << name;
			track.open.push_back(name);
			track.spans.insert(name);
			break;
		case 'E':
			ASSERT_FALSE(track.open.empty()) << track.name;
			track.open.pop_back();
			break;
		case 'X':
			ASSERT_GE(number(event, "dur"), 0) << track.name << ": " << name;
			ASSERT_TRUE(json_is_number(json_object_get(event, "dur")));
			/* Later than the end of no span that began before it. */
			ASSERT_TRUE(track.ends_us.empty() ||
				    ts + number(event, "dur") <= track.ends_us.back() + 1e-4)
				<< track.name << ": " << name;
			track.ends_us.push_back(ts + number(event, "dur"));
			track.spans.insert(name);
			lengths_.emplace(name, number(event, "dur"));
			break;
		default:
			ASSERT_EQ(phase, 'i');
			ASSERT_EQ(text(event, "s"), "t");
			track.instants.insert(name);
		}
	}

	Json json_;
	std::map<int, std::string> processes_;
	std::map<int, Track> tracks_; /* by tid, which is of one track only */
	std::map<int, int> pids_;
	std::map<std::pair<int, std::string>, double> counters_;
	std::multimap<std::string, double> lengths_;
};

const std::string small = "run testbench/scenarios/live-migration.yaml "
			  "--set guests.vm0.memory=64MiB --set guests.peer.memory=64MiB ";
} // namespace

/* A migration with a small guest, run on an engine when a test asks for its files. */
class Files : public ::testing::Test
{
protected:
	static void TearDownTestSuite()
	{
		std::filesystem::remove_all(scratch);
	}
	static std::string Of(const std::string &engine)
	{
		const std::string dir = scratch + "/" + engine;

		if (!std::filesystem::exists(dir))
			vfsim(small + "--engine " + engine, dir);
		return dir;
	}
	static std::string Native()
	{
		return Of("native");
	}
	static std::string Systemc()
	{
		return Of("systemc");
	}
};

TEST_F(Files, TsharkFindsNoMalformedPacket)
{
	EXPECT_EQ(tshark(Native() + "/wire.pcapng", "-Y _ws.malformed").out, "");
	std::vector<std::string> protocols =
		tshark(Native() + "/wire.pcapng", "-T fields -e frame.protocols").lines();

	EXPECT_GT(protocols.size(), 1000u);
	EXPECT_THAT(protocols, Each("eth:ethertype:ip:udp:data"));
}

TEST_F(Files, EachFrameLeavesOnePortAndArrivesAtTheOther)
{
	std::map<std::string, uint64_t> seen;

	for (const std::string &line :
	     tshark(Native() + "/wire.pcapng", "-T fields -e frame.interface_name "
					       "-e frame.packet_flags_direction -e eth.src")
		     .lines())
		seen[line]++;
	const std::string in = "\t0x00000001\t", out = "\t0x00000002\t";
	const std::string vm0 = "02:76:66:73:00:01", peer = "02:76:66:73:00:02";
	EXPECT_GT(seen["source.port" + out + vm0], 100u);
	EXPECT_EQ(seen["source.port" + out + vm0], seen["destination.port" + in + vm0]);
	EXPECT_EQ(seen["destination.port" + out + peer], seen["source.port" + in + peer]);
	/* After its move the guest talks to its peer through the destination's switch. */
	EXPECT_GT(seen["destination.switch\t0x00000000\t" + vm0], 100u);
	EXPECT_EQ(seen["source.switch\t0x00000000\t" + vm0], 0u);
}

/* The NICs' checksums and segments, byte by byte, as somebody else reads them. */
TEST_F(Files, TsharkFindsEverySumOfTheNicsRight)
{
	const std::string dir = scratch + "/offloads", file = dir + "/wire.pcapng";
	const std::string sums = "-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE "
				 "-o udp.check_checksum:TRUE ";
	auto count = [&](const std::string &filter) {
		return tshark(file, sums + "-Y '" + filter + "'").lines().size();
	};

	vfsim("run testbench/scenarios/nic/offloads.yaml --snaplen 0", dir);
	EXPECT_EQ(count("ip.checksum.status==0||tcp.checksum.status==0||udp.checksum.status==0"),
		  0u);
	EXPECT_GT(count("tcp.checksum.status==1"), 1000u);
	EXPECT_GT(count("udp.checksum.status==1"), 100u);
	EXPECT_GT(count("vlan.id==7 && tcp.checksum.status==1"), 100u);
	EXPECT_EQ(count("_ws.malformed"), 0u);
	uint32_t next = 0;
	for (const std::string &line :
	     tshark(file, "-T fields -e tcp.seq_raw -e tcp.len -Y 'tcp && frame.interface_name == "
			  "\"near.port\" && frame.packet_flags_direction == 2'")
		     .lines()) {
		std::istringstream fields(line);
		uint32_t sequence, len;

		fields >> sequence >> len;
		ASSERT_EQ(sequence, next) << "each segment goes on where the one before it ended";
		next = sequence + len;
	}
	EXPECT_GT(next, 500000u);
}

TEST_F(Files, FramesAreCutUnlessTheyAreWantedWhole)
{
	const std::string whole = scratch + "/whole";

	EXPECT_THAT(tshark(Native() + "/wire.pcapng", "-T fields -e frame.len -e frame.cap_len")
			    .lines(),
		    Each("1500\t96"));
	vfsim("run testbench/scenarios/smoke.yaml --snaplen 0", whole);
	EXPECT_EQ(tshark(whole + "/wire.pcapng", "-Y 'frame.len != frame.cap_len or _ws.malformed'")
			  .out,
		  "");
	/* One host, no wire: all packets of its two streams cross its switch. */
	std::vector<std::string> interfaces =
		tshark(whole + "/wire.pcapng", "-T fields -e frame.interface_name").lines();
	EXPECT_EQ(interfaces.size(), 100u);
	EXPECT_THAT(interfaces, Each("only.switch"));
}

TEST_F(Files, FramesThatTheWireLosesSaySo)
{
	const std::string lossy = scratch + "/lossy";

	vfsim(small + "--set wire.loss_ppm=20000 --set 'allow_loss=[wire, vf-stopped, no-buffer]'",
	      lossy);
	Json result = load(lossy + "/result.json");
	double lost =
		number(json_object_get(json_object_get(result.get(), "packets"), "lost"), "wire");

	EXPECT_GT(lost, 10);
	EXPECT_EQ(tshark(lossy + "/wire.pcapng", "-Y 'frame.comment == \"lost on the wire\"'")
			  .lines()
			  .size(),
		  lost);
}

TEST_F(Files, TheTimelineIsSoundAndShowsEveryPart)
{
	Timeline timeline(Native() + "/timeline.json");
	std::set<std::string> tracks = timeline.Tracks();

	for (const std::string host : {"source: ", "destination: "})
		for (const char *track :
		     {"VF 0", "VF 0: VFIO state", "VF 0: Tx queue 0", "VF 0: Rx queue 0",
		      "firmware", "PF driver", "SMMU queues", "SMMU driver", "SMMU walker 0",
		      "MSI doorbell", "vm0"})
			EXPECT_THAT(tracks, Contains(host + track));
	EXPECT_THAT(tracks, IsSupersetOf({"source: vm0: migration", "source: vm0: downtime",
					  "source: vm0: thread migration",
					  "destination: vm0: thread incoming"}));
	EXPECT_THAT(timeline.Counters("source"),
		    IsSupersetOf({"vf0.tx0.posted", "vf0.rx0.posted", "smmu.walks", "link.tlps",
				  "pages found dirty", "packets sent"}));
	EXPECT_THAT(timeline.Counters("network"), Contains("wire.frames"));
}

TEST_F(Files, TheTimelineShowsTheMigrationStepByStep)
{
	Timeline timeline(Native() + "/timeline.json");
	Json result = load(Native() + "/result.json");
	json_t *migration = json_object_get(result.get(), "migration");
	size_t rounds = json_array_size(json_object_get(migration, "rounds"));
	const Track &steps = timeline.Of("source", "vm0: migration");

	EXPECT_THAT(steps.spans, IsSupersetOf({"migration", "set-up", "rounds", "stop", "rest",
					       "hand over", "round 1"}));
	EXPECT_EQ(steps.spans.count("round " + std::to_string(rounds)), 1u);
	EXPECT_EQ(steps.spans.count("round " + std::to_string(rounds + 1)), 0u);
	EXPECT_THAT(timeline.Of("source", "VF 0: VFIO state").spans,
		    IsSupersetOf({"RUNNING", "PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP"}));
	EXPECT_THAT(timeline.Of("destination", "VF 0: VFIO state").spans,
		    IsSupersetOf({"STOP", "RESUMING", "RUNNING_P2P", "RUNNING"}));
	EXPECT_THAT(timeline.Of("source", "VF 0").spans,
		    IsSupersetOf({"in reset", "active", "stopped (P2P)", "suspended"}));
	EXPECT_THAT(timeline.Of("source", "firmware").spans,
		    IsSupersetOf({"VF_SUSPEND", "VF_STATE_SAVE", "ENABLE_QUEUES"}));
	EXPECT_NEAR(timeline.Length("downtime"), number(migration, "downtime_ps") / 1000, 1.1);
}

TEST_F(Files, ARunThatIsCutLeavesAWholeTimeline)
{
	const std::string cut_short = scratch + "/cut";
	Spoken spoken = speak(VFSIM_BINARY_DIR "/vfsim " + small +
			      "--quiet --set time_limit=710ms --out " + cut_short);

	EXPECT_EQ(spoken.code, 1);
	EXPECT_THAT(Timeline(cut_short + "/timeline.json").Of("source", "vm0").spans,
		    Contains("running"));
}

TEST_F(Files, Vcd2fstConvertsTheLevelsWithoutAWord)
{
	Spoken spoken = speak("vcd2fst " + Systemc() + "/levels.vcd " + scratch + "/levels.fst");

	EXPECT_EQ(spoken.code, 0);
	EXPECT_EQ(spoken.out + spoken.err, "");
	EXPECT_GT(std::filesystem::file_size(scratch + "/levels.fst"), 1000u);
	const std::string vcd = slurp(Systemc() + "/levels.vcd");
	for (const char *signal :
	     {"posted", "dma_tags", "tlps", "down_bytes", "walks", "transactions", "frames"})
		EXPECT_NE(vcd.find(std::string("  ") + signal + " [15:0]") == std::string::npos &&
				  vcd.find(std::string("  ") + signal + " [31:0]") ==
					  std::string::npos,
			  true)
			<< signal;
	EXPECT_FALSE(std::filesystem::exists(Native() + "/levels.vcd"));
}

TEST_F(Files, LevelsAreFinerWithASmallerStep)
{
	const std::string fine = scratch + "/fine", smoke = scratch + "/smoke";

	vfsim("run testbench/scenarios/smoke.yaml --engine systemc", smoke);
	vfsim("run testbench/scenarios/smoke.yaml --engine systemc --level-step 0", fine);
	EXPECT_GT(std::filesystem::file_size(fine + "/levels.vcd"),
		  4 * std::filesystem::file_size(smoke + "/levels.vcd"));
	EXPECT_EQ(text(load(fine + "/result.json").get(), "digest"),
		  text(load(smoke + "/result.json").get(), "digest"));
}

TEST_F(Files, AreTheSameForOneSeed)
{
	const std::string again = scratch + "/again";

	vfsim(small + "--engine systemc", again);
	for (const char *file : {"sequence.jsonl", "timeline.json", "wire.pcapng", "levels.vcd"})
		EXPECT_TRUE(slurp(Systemc() + "/" + file) == slurp(again + "/" + file)) << file;
	/* And for two engines that keep the same time. */
	for (const char *file : {"sequence.jsonl", "timeline.json", "wire.pcapng"})
		EXPECT_TRUE(slurp(Systemc() + "/" + file) == slurp(Native() + "/" + file)) << file;
}

TEST_F(Files, WritingThemChangesNoDigest)
{
	Spoken bare = speak(VFSIM_BINARY_DIR "/vfsim " + small + "--format json");
	Json result(json_loads(bare.out.c_str(), 0, nullptr), json_decref);

	EXPECT_EQ(text(result.get(), "digest"),
		  text(load(Native() + "/result.json").get(), "digest"));
}

TEST_F(Files, AReplayWritesItsTimelineAndNoPackets)
{
	const std::string replayed = scratch + "/replayed";

	vfsim("replay " + Native() + "/sequence.jsonl", replayed);
	EXPECT_THAT(Timeline(replayed + "/timeline.json").Of("source", "VF 0: VFIO state").spans,
		    Contains("STOP_COPY"));
	EXPECT_FALSE(std::filesystem::exists(replayed + "/wire.pcapng"));
}

/* Nothing to replay: no empty file, nor the machine that would be beside it. */
TEST_F(Files, ARunWithoutProgramsWritesNoSequence)
{
	const std::string dir = scratch + "/masters";

	vfsim("run testbench/scenarios/smmu/dirty-logs.yaml", dir);
	EXPECT_TRUE(std::filesystem::exists(dir + "/timeline.json"));
	for (const char *file : {"sequence.jsonl", "recorded-device.yaml", "accept.yaml"})
		EXPECT_FALSE(std::filesystem::exists(dir + "/" + file)) << file;
}

/* What is told again and again is printed once, and counted. */
TEST_F(Files, AWarningThatComesAgainIsCounted)
{
	const std::string lost = "vfsim: warning: only.smmu_driver: EVTQ overflow detected -- "
				 "events lost\n";
	Spoken spoken = speak(VFSIM_BINARY_DIR
			      "/vfsim run --quiet testbench/scenarios/smmu/event-overflow.yaml");
	const size_t first = spoken.err.find(lost);

	ASSERT_NE(first, std::string::npos) << spoken.err;
	EXPECT_EQ(spoken.err.find(lost + lost), std::string::npos);
	EXPECT_NE(spoken.err.find(lost + "vfsim: the same "), std::string::npos) << spoken.err;
	EXPECT_EQ(spoken.code, 0);
}

TEST_F(Files, ThePictureOfAMigrationShowsItsRoundsAndItsDowntime)
{
	const std::string picture = VFSIM_BINARY_DIR "/tools/picture/vfsim_picture ";
	Spoken drawn = speak(picture + Native() + "/timeline.json 'a < b'");

	EXPECT_EQ(drawn.code, 0);
	EXPECT_EQ(drawn.err, "");
	for (const char *text : {"<svg ", "a &lt; b", "round 1: 16,384 pages", "STOP_COPY",
				 "RESUMING", "VF_STATE_SAVE", "downtime ", "</svg>"})
		EXPECT_NE(drawn.out.find(text), std::string::npos) << text;

	vfsim("run testbench/scenarios/smoke.yaml", scratch + "/unmoved");
	Spoken refused = speak(picture + scratch + "/unmoved/timeline.json");
	EXPECT_EQ(refused.code, 1);
	EXPECT_EQ(refused.err, "vfsim_picture: no migration in this timeline\n");
}
