// SPDX-License-Identifier: Apache-2.0
// vfsim_picture DIR/timeline.json [TITLE] >FILE.svg: a migration as a picture. On the left all of
// it, on the right its switchover, enlarged; time counts from the migration's begin.
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "tools/picture/trace.h"

namespace
{
// Pixels.
constexpr double kWidth = 980, kLabels = 112, kGap = 22, kLeft = 330, kRight = 500;
constexpr double kTop = 58, kRow = 24, kBar = 18, kHead = 22, kChart = 34;
constexpr double kLetter = 6.1; // of the bars' texts
constexpr int kBins = 110;

// Colours for a light and for a dark page.
const char *const kStyle = R"(<style>
svg { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
.page { fill: #ffffff; stroke: #d0d7de; } .ink { fill: #1f2328; } .soft { fill: #59636e; }
.grid { stroke: #d8dee4; stroke-width: 1; } .track { fill: #f3f5f7; }
.bar text { font-size: 11px; fill: #ffffff; } .bar rect { rx: 2px; }
.run { fill: #1a7f37; } .send { fill: #0969da; } .stop { fill: #bc4c00; } .state { fill: #8250df; }
.fw { fill: #57606a; } .area { fill: #0969da; opacity: .75; }
.down { fill: #cf222e; opacity: .13; } .downtext { fill: #cf222e; font-weight: 600; }
.zoom { fill: #818b98; opacity: .11; }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117; stroke: #3d444d; } .ink { fill: #f0f6fc; } .soft { fill: #9198a1; }
.grid { stroke: #2a313c; } .track { fill: #161b22; }
.run { fill: #238636; } .send { fill: #1f6feb; } .stop { fill: #bd561d; } .state { fill: #8957e5; }
.fw { fill: #656c76; } .area { fill: #4493f8; }
.down { fill: #f85149; opacity: .2; } .downtext { fill: #f85149; }
}
</style>
)";

void Put(const char *format, ...) __attribute__((format(printf, 1, 2)));
void Put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	std::vprintf(format, args);
	va_end(args);
}

std::string Escaped(const std::string &text)
{
	std::string out;

	for (char c : text)
		out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
	return out;
}

// 1048576 as 1,048,576.
std::string Grouped(double value)
{
	std::string digits = std::to_string(static_cast<long long>(value));

	for (size_t at = digits.size(); at > 3; at -= 3)
		digits.insert(at - 3, ",");
	return digits;
}

// A stretch of time on a stretch of the page.
struct Panel {
	double x, width, begin, end, zero;

	double At(double time) const
	{
		return x + (std::clamp(time, begin, end) - begin) / (end - begin) * width;
	}
};

struct Row {
	enum Kind { Head, Bars, Rate, Walks } kind;
	std::string label, process, track, css;
	size_t depth_from = 0, depth_to = 9;
};

class Picture
{
public:
	Picture(const Trace &trace, const std::string &title) : trace_(trace), title_(title)
	{
		FindMigration();
		const double whole = end_ - begin_, down = running_ - stop_;

		panel_[0] = {kLabels, kLeft, begin_ - whole * .06, end_ + whole * .06, begin_};
		panel_[1] = {kLabels + kLeft + kGap, kRight, stop_ - down * .35,
			     running_ + down * .3, begin_};
		MakeRows();
	}

	void Draw()
	{
		const double height = kTop + Height() + 30;

		Put("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		    "width=\"%.0f\" "
		    "height=\"%.0f\">\n%s",
		    kWidth, height, kWidth, height, kStyle);
		Put("<rect class=\"page\" x=\".5\" y=\".5\" width=\"%.0f\" height=\"%.0f\" "
		    "rx=\"6\"/>\n",
		    kWidth - 1, height - 1);
		Put("<text class=\"ink\" x=\"12\" y=\"22\" font-weight=\"600\">%s</text>\n",
		    Escaped(title_).c_str());
		DrawFrame();
		DrawDowntime();
		double y = kTop;
		for (const Row &row : rows_) {
			DrawRow(row, y);
			y += HeightOf(row);
		}
		Put("</svg>\n");
	}

private:
	// The migration's guest, hosts and times.
	void FindMigration()
	{
		const std::string suffix = ": migration";
		const Track *steps = nullptr;

		for (const Track &track : trace_.tracks)
			if (track.name.size() > suffix.size() && !steps &&
			    !track.name.compare(track.name.size() - suffix.size(), suffix.size(),
						suffix))
				steps = &track;
		if (!steps || steps->spans.empty())
			throw std::runtime_error("no migration in this timeline");
		source_ = steps->process;
		guest_ = steps->name.substr(0, steps->name.size() - suffix.size());
		begin_ = steps->spans[0].begin;
		const Track *downtime = trace_.Find(source_, guest_ + ": downtime");
		if (!downtime || downtime->spans.empty())
			throw std::runtime_error("no downtime in this timeline");
		stop_ = downtime->spans[0].begin;
		running_ = downtime->spans[0].end;
		end_ = running_;
		for (const Track &track : trace_.tracks)
			if (track.name == guest_ && track.process != source_)
				destination_ = track.process;
	}

	void MakeRows()
	{
		const std::string vf[] = {StateTrack(source_), StateTrack(destination_)};

		rows_ = {
			{Row::Head, source_, "", "", ""},
			{Row::Bars, guest_, source_, guest_, "run"},
			{Row::Bars, "migration", source_, guest_ + ": migration", "stop", 1, 1},
			{Row::Bars, "rounds", source_, guest_ + ": migration", "send", 2, 2},
			{Row::Bars, "VFIO state", source_, vf[0], "state"},
			{Row::Bars, "firmware", source_, "firmware", "fw"},
			{Row::Walks, "SMMU walks", source_, "SMMU walker ", ""},
			{Row::Rate, "packets in", source_, "packets received", ""},
			{Row::Head, destination_, "", "", ""},
			{Row::Bars, guest_, destination_, guest_, "run"},
			{Row::Bars, "VFIO state", destination_, vf[1], "state"},
			{Row::Bars, "firmware", destination_, "firmware", "fw"},
			{Row::Walks, "SMMU walks", destination_, "SMMU walker ", ""},
			{Row::Rate, "packets in", destination_, "packets received", ""},
		};
	}

	// The VF that the guest leaves or comes to: whose state changes during the downtime.
	std::string StateTrack(const std::string &process) const
	{
		for (const Track &track : trace_.tracks)
			for (const Span &span : track.spans)
				if (track.process == process && span.begin >= stop_ &&
				    span.begin <= running_ &&
				    track.name.find(": VFIO state") != std::string::npos)
					return track.name;
		return "";
	}

	static double HeightOf(const Row &row)
	{
		return row.kind == Row::Head ? kHead : row.kind == Row::Bars ? kRow : kChart + 6;
	}
	double Height() const
	{
		double height = 0;

		for (const Row &row : rows_)
			height += HeightOf(row);
		return height;
	}

	// Axes, what each panel is, and where the right one lies in the left one.
	void DrawFrame()
	{
		const Panel &left = panel_[0], &right = panel_[1];
		const double bottom = kTop + Height();

		Put("<rect class=\"zoom\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
		    left.At(right.begin), kTop, left.At(right.end) - left.At(right.begin),
		    Height());
		Put("<path class=\"zoom\" d=\"M%.1f %.1f L%.1f %.1f V%.1f L%.1f %.1f Z\"/>\n",
		    left.At(right.end), kTop, right.x, kTop, bottom, left.At(right.end), bottom);
		for (const Panel &panel : panel_) {
			DrawAxis(panel, bottom);
			Put("<text class=\"soft\" x=\"%.1f\" y=\"46\">%s</text>\n", panel.x,
			    &panel == panel_ ? "the migration, ms from its begin"
					     : "its switchover, enlarged");
		}
	}

	static void DrawAxis(const Panel &panel, double bottom)
	{
		const double span = (panel.end - panel.begin) / 1000; // ms
		double step = std::pow(10, std::floor(std::log10(span / 5)));

		for (double factor : {2., 2.5, 2.})
			if (span / step > 7)
				step *= factor;
		for (double at = std::ceil((panel.begin - panel.zero) / 1000 / step) * step;
		     at <= (panel.end - panel.zero) / 1000; at += step) {
			const double x = panel.At(panel.zero + at * 1000);

			Put("<path class=\"grid\" d=\"M%.1f %.1f V%.1f\"/><text class=\"soft\" "
			    "x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g</text>\n",
			    x, kTop, bottom, x, bottom + 18, std::round(at * 1e6) / 1e6 + 0.);
		}
	}

	void DrawRow(const Row &row, double y)
	{
		if (row.kind == Row::Head) {
			Put("<text class=\"ink\" x=\"12\" y=\"%.1f\" "
			    "font-weight=\"600\">%s</text>\n",
			    y + 15, Escaped(row.label).c_str());
			return;
		}
		Put("<text class=\"soft\" x=\"12\" y=\"%.1f\">%s</text>\n",
		    y + (row.kind == Row::Bars ? 16 : kChart / 2 + 6), Escaped(row.label).c_str());
		for (const Panel &panel : panel_) {
			const double height = row.kind == Row::Bars ? kBar : kChart;

			Put("<rect class=\"track\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			    "height=\"%.1f\" opacity=\".55\"/>\n",
			    panel.x, y + 3, panel.width, height);
			if (row.kind == Row::Bars)
				DrawBars(row, panel, y + 3);
			else
				DrawArea(row.kind == Row::Rate ? Rate(row, panel)
							       : Walks(row, panel),
					 panel, y + 3);
		}
	}

	void DrawBars(const Row &row, const Panel &panel, double y)
	{
		const Track *track = trace_.Find(row.process, row.track);

		if (!track)
			return;
		Put("<g class=\"bar\">");
		for (const Span &span : track->spans)
			if (span.end >= panel.begin && span.begin <= panel.end &&
			    span.depth >= row.depth_from && span.depth <= row.depth_to)
				DrawBar(row, panel, span, y);
		Put("</g>\n");
	}

	void DrawBar(const Row &row, const Panel &panel, const Span &span, double y)
	{
		const double x = panel.At(span.begin);
		const double width = std::max(panel.At(span.end) - x - .6, .8);
		const std::string longer =
			span.name + (span.pages ? ": " + Grouped(span.pages) + " pages" : "");

		Put("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\">"
		    "<title>%s, %.3f ms</title></rect>",
		    row.css.c_str(), x, y, width, kBar, Escaped(longer).c_str(),
		    (span.end - span.begin) / 1000);
		for (const std::string &text : {longer, span.name})
			if (text.size() * kLetter + 6 <= width) {
				Put("<text x=\"%.1f\" y=\"%.1f\">%s</text>", x + 4, y + 13,
				    Escaped(text).c_str());
				return;
			}
	}

	using Bins = std::vector<double>;

	// A counter's growth in each bin.
	Bins Rate(const Row &row, const Panel &panel) const
	{
		Bins bins(kBins);
		const auto process = trace_.counters.find(row.process);
		double last = 0;

		if (process == trace_.counters.end() || !process->second.count(row.track))
			return bins;
		for (const Sample &sample : process->second.at(row.track)) {
			Add(&bins, panel, sample.time, sample.value - last);
			last = sample.value;
		}
		return bins;
	}

	// Walks begun in each bin, by all walkers.
	Bins Walks(const Row &row, const Panel &panel) const
	{
		Bins bins(kBins);

		for (const Track &track : trace_.tracks)
			if (track.process == row.process &&
			    !track.name.compare(0, row.track.size(), row.track))
				for (const Span &span : track.spans)
					Add(&bins, panel, span.begin, 1);
		return bins;
	}

	static void Add(Bins *bins, const Panel &panel, double time, double amount)
	{
		if (time >= panel.begin && time < panel.end)
			(*bins)[static_cast<size_t>((time - panel.begin) /
						    (panel.end - panel.begin) * kBins)] += amount;
	}

	static void DrawArea(const Bins &bins, const Panel &panel, double y)
	{
		const double most = std::max(*std::max_element(bins.begin(), bins.end()), 1.);
		const double step = panel.width / kBins, base = y + kChart;

		Put("<path class=\"area\" d=\"M%.1f %.1f", panel.x, base);
		for (int i = 0; i < kBins; i++)
			Put("V%.1fH%.1f", base - bins[static_cast<size_t>(i)] / most * (kChart - 3),
			    panel.x + (i + 1) * step);
		Put("V%.1fZ\"/>\n", base);
	}

	// The stretch in which the guest runs nowhere.
	void DrawDowntime()
	{
		for (const Panel &panel : panel_)
			Put("<rect class=\"down\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			    "height=\"%.1f\"/>\n",
			    panel.At(stop_), kTop,
			    std::max(panel.At(running_) - panel.At(stop_), 1.), Height());
		Put("<text class=\"downtext\" x=\"%.1f\" y=\"46\" text-anchor=\"middle\">downtime "
		    "%.2f "
		    "ms</text>\n",
		    (panel_[1].At(stop_) + panel_[1].At(running_)) / 2, (running_ - stop_) / 1000);
	}

	const Trace &trace_;
	std::string title_, source_, destination_, guest_;
	double begin_ = 0, end_ = 0, stop_ = 0, running_ = 0;
	Panel panel_[2] = {};
	std::vector<Row> rows_;
};
} // namespace

int main(int argc, char **argv)
{
	if (argc < 2) {
		std::fprintf(stderr, "usage: vfsim_picture TIMELINE.json [TITLE] >FILE.svg\n");
		return 2;
	}
	try {
		const Trace trace = ReadTrace(argv[1]);

		std::puts("<!-- SPDX-License-Identifier: Apache-2.0 -->");
		Picture(trace, argc > 2 ? argv[2] : "").Draw();
	} catch (const std::exception &error) {
		std::fprintf(stderr, "vfsim_picture: %s\n", error.what());
		return 1;
	}
	return std::fflush(stdout) ? 1 : 0;
}
