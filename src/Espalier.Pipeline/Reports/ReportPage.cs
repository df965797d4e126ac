using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Espalier.Text.Files;

namespace Espalier.Pipeline.Reports;

/// <summary>
/// The report as one HTML file that needs nothing else: no network, no neighbour, and to be read no script either. Its policy
/// forbids the browser to load anything, and to run any script but ours.
/// </summary>
public static class ReportPage
{
    /// <summary>The file's name in the folder of a run.</summary>
    public const string Name = "report.html";

    private delegate void Section(Html html, RunReport report);

    // In the order of what a reader wants to know. Each has a test of whether there is anything to show.
    private static readonly (string Id, string Title, Func<RunReport, bool> Has, Section Write)[] Sections =
    [
        ("plan", "The plan", r => r.Plan is { Candidates.Count: > 0 }, PlanSection.Write),
        ("forecast", "Forecast and outcome", r => r.Forecasts is { Count: > 0 }, PlanSection.WriteForecasts),
        ("curves", "Learning curves", r => r.Curves?.Any(c => c.Points.Count > 0) == true, CurveSection.Write),
        ("compression", "Compression", r => r.Grid is { Cells.Count: > 0 }, CompressionSection.Write),
        ("modules", "Error by module", r => CompressionSection.ErrorsOf(r) != null, CompressionSection.WriteErrors),
        ("confusion", "Confusion", r => r.Confusion is { Counts.Count: > 0 }, MistakeSection.WriteConfusion),
        ("mistakes", "Examples it gets wrong", r => r.Mistakes is { Shown.Count: > 0 }, MistakeSection.Write),
        ("translations", "Translations", r => r.Translations is { Shown.Count: > 0 }, TranslationSection.Write),
        ("time", "Where the time went", r => r.Phases is { Count: > 0 }, CircumstanceSection.WritePhases),
        ("configuration", "Configuration", r => r.Configuration is { Count: > 0 }, CircumstanceSection.WriteConfiguration),
        ("machine", "Machine", r => r.Machine != null, CircumstanceSection.WriteMachine),
        ("reproduce", "How to do it again", r => r.Reproduction != null, CircumstanceSection.WriteReproduction),
    ];

    /// <summary>Writes the page, whole or not at all.</summary>
    /// <param name="report">What it shows.</param>
    /// <param name="htmlPath">The file to create or replace.</param>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Write(RunReport report, string htmlPath)
    {
        byte[] page = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetBytes(Render(report));
        AtomicFile.Write(htmlPath, stream => stream.Write(page));
    }

    /// <summary>The page's text.</summary>
    internal static string Render(RunReport report)
    {
        var html = new Html();
        WriteHead(html, report);
        WriteHeader(html, report);
        html.WriteRaw("<main id=\"content\" class=\"wrap\">\n");
        OutcomeSection.Write(html, report);
        foreach ((string id, string title, _, Section write) in Sections.Where(s => s.Has(report)))
        {
            html.Write($"<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>\n");
            write(html, report);
            html.WriteRaw("</section>\n");
        }

        html.WriteRaw("</main>\n");
        html.Write($"<footer><div class=\"wrap\">Made by Espalier {report.Version}, {Date(report)}. This file holds its data as JSON, in the element with the id <code>data</code>, and loads nothing.</div></footer>\n");

        // The serializer escapes <, > and &: whatever a text holds, it does not end the element.
        html.WriteRaw($"<script type=\"application/json\" id=\"data\">{JsonSerializer.Serialize(report, PageJson.Default.RunReport)}</script>\n");
        html.WriteRaw($"<script>{Script}</script>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static void WriteHead(Html html, RunReport report)
    {
        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Script)));
        html.WriteRaw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n");
        html.Write($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\" />\n");
        html.WriteRaw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n<meta name=\"referrer\" content=\"no-referrer\" />\n<link rel=\"icon\" href=\"data:,\" />\n");
        html.Write($"<title>{report.Title} · Espalier</title>\n");
        html.WriteRaw($"<style>\n{Style}</style>\n</head>\n<body>\n");
    }

    private static void WriteHeader(Html html, RunReport report)
    {
        html.WriteRaw("<a class=\"skip\" href=\"#content\">To the report</a>\n<header class=\"wrap\">\n");
        html.Write($"<div class=\"brand\"><span><strong>Espalier</strong> · {Date(report)}</span><button type=\"button\" id=\"theme\" hidden=\"hidden\">Dark</button></div>\n");
        html.Write($"<h1>{report.Title}</h1>\n<p class=\"lead\">{OutcomeSection.Lead(report)}</p>\n");
        html.WriteRaw("<nav aria-label=\"Parts of the report\"><ul>");
        foreach ((string id, string title, _, _) in Sections.Where(s => s.Has(report)))
        {
            html.Write($"<li><a href=\"#{id}\">{title}</a></li>");
        }

        html.WriteRaw("</ul></nav>\n</header>\n");
    }

    private static string Date(RunReport report) => report.Created.ToString("d MMMM yyyy, HH:mm 'UTC'zzz", CultureInfo.InvariantCulture);

    private static string Script { get; } = Resource("report.js");

    private static string Style { get; } = Resource("report.css");

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(ReportPage).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the assembly was built without its resource {name}"));
        return reader.ReadToEnd();
    }
}
