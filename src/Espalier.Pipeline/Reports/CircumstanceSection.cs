using Espalier.Training.Runs;

namespace Espalier.Pipeline.Reports;

/// <summary>Time, settings, machine, and how to do it again.</summary>
internal static class CircumstanceSection
{
    public static void WritePhases(Html html, RunReport report)
    {
        IReadOnlyList<ReportPhase> phases = report.Phases!;
        double longest = phases.Max(p => Math.Max(p.PlannedSeconds ?? 0, p.Seconds ?? 0));
        const string caption = "Phases: what was planned before the start, and what was taken";
        html.Write($"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table><caption><span>{caption}</span></caption><thead><tr><th scope=\"col\">Phase</th><th scope=\"col\" class=\"n\">Planned</th><th scope=\"col\" class=\"n\">Taken</th><th scope=\"col\" aria-label=\"Bars: planned above, taken below\"></th><th scope=\"col\"></th></tr></thead><tbody>\n");
        foreach (ReportPhase p in phases)
        {
            html.Write($"<tr><th scope=\"row\" class=\"w\">{p.Name}</th><td class=\"n\">{Figures.Seconds(p.PlannedSeconds)}</td><td class=\"n\">{Figures.Seconds(p.Seconds)}</td><td class=\"wide\"><div class=\"bars\" aria-hidden=\"true\"><i class=\"planned\" style=\"width:{Width(p.PlannedSeconds):F1}%\"></i><i style=\"width:{Width(p.Seconds):F1}%\"></i></div></td><td>{Words(p)}</td></tr>\n");
        }

        html.Write($"<tr class=\"chosen\"><th scope=\"row\" class=\"w\">all</th><td class=\"n\">{Figures.Seconds(phases.Sum(p => p.PlannedSeconds ?? 0))}</td><td class=\"n\">{Figures.Seconds(phases.Sum(p => p.Seconds ?? 0))}</td><td></td><td></td></tr>\n</tbody></table></div>\n");

        double Width(double? seconds) => longest > 0 ? 100 * (seconds ?? 0) / longest : 0;
    }

    public static void WriteConfiguration(Html html, RunReport report)
    {
        foreach (ReportSection section in report.Configuration!)
        {
            html.Write($"<details><summary>{section.Title}</summary>\n");
            bool sources = section.Settings.Any(s => s.Source != null);
            html.Table(
                sources ? ["Setting", "Value", "From"] : ["Setting", "Value"],
                [.. section.Settings.Select(s => (string[])(sources ? [s.Name, s.Value, s.Source ?? ""] : [s.Name, s.Value]))], section.Title);
            html.WriteRaw("</details>\n");
        }
    }

    public static void WriteMachine(Html html, RunReport report)
    {
        MachineRecord m = report.Machine!;
        (string Name, string Value)[] pairs =
        [
            ("Processor", m.Processor), ("Logical cores", $"{m.Cores}"), ("Memory", Figures.Bytes(m.MemoryBytes)), ("Operating system", m.OperatingSystem),
            ("Runtime", m.Runtime), ("Computes", m.Device), ("Matrix products, measured", $"{Figures.Decimal(m.PeakFlops / 1e9, 1)}\u00A0GFLOP/s"),
        ];
        html.WriteRaw("<table class=\"pairs\"><tbody>\n");
        foreach ((string name, string value) in pairs)
        {
            html.Write($"<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n");
        }

        html.WriteRaw("</tbody></table>\n");
    }

    public static void WriteReproduction(Html html, RunReport report)
    {
        ReportReproduction r = report.Reproduction!;
        html.Write($"<pre tabindex=\"0\" aria-label=\"Commands\"><code>{string.Join('\n', r.Commands)}</code></pre>\n");
        foreach (string note in r.Notes ?? [])
        {
            html.Write($"<p>{note}</p>\n");
        }

        if (r.Inputs.Count > 0)
        {
            html.Table(["For", "File", "#Size", "SHA-256"],
                [.. r.Inputs.Select(i => (string[])[i.Role, i.Path, Figures.Bytes(i.Bytes), i.Sha256 ?? Figures.None])], "Files that were read");
        }
    }

    private static string Words(ReportPhase phase)
    {
        string state = phase.State switch
        {
            PhaseState.Waiting => "to come",
            PhaseState.Running => "under way",
            PhaseState.Skipped => "left out",
            PhaseState.Failed => "failed",
            _ => "",
        };
        return phase.Note is not { } note ? state : state.Length == 0 ? note : $"{state}: {note}";
    }
}
