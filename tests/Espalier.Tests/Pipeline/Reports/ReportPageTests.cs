using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Reports;

namespace Espalier.Tests.Pipeline.Reports;

public partial class ReportPageTests
{
    [Fact]
    public void Page_HostileTexts_StayTexts()
    {
        string[] texts = ["</script><script>alert(1)</script>", "<!-- <script>", "a\u0000b\u0007c\uFFFEd \"quoted\" 'too' & <b>bold</b>", "\uD800 half a pair"];
        RunReport report = SampleReport.Whole(texts) with
        {
            Title = "</title><script>alert(2)</script>",
            Notes = ["<img src=x onerror=alert(3)>"],
        };
        string page = ReportPage.Render(report);
        XElement root = Parse(page);
        Assert.Equal(2, root.Descendants("script").Count());
        Assert.Empty(root.Descendants("img"));
        Assert.DoesNotContain(root.Descendants("b"), b => b.Value == "bold");
        Assert.Equal(report.Title + " · Espalier", root.Descendants("title").Single().Value);
        Assert.Contains(root.Descendants("blockquote"), q => q.Value == texts[0]);

        // The data that the charts are drawn from survive, and end where they should.
        JsonElement shown = Data(page).GetProperty("mistakes").GetProperty("shown");
        Assert.Equal(texts[0], shown[0].GetProperty("texts")[0].GetString());
        Assert.Equal(texts[1], shown[1].GetProperty("texts")[0].GetString());
    }

    [Fact]
    public void Page_Whole_ShowsEveryPartAndLoadsNothing()
    {
        string page = ReportPage.Render(SampleReport.Whole());
        XElement root = Parse(page);
        XAttribute[] links = [.. root.DescendantsAndSelf().Attributes().Where(a => a.Name.LocalName is "src" or "href" or "srcset" or "action" or "data")];
        Assert.All(links, link => Assert.True(link.Value.StartsWith('#') || link.Value == "data:,", link.ToString()));
        Assert.All(links.Where(l => l.Value.StartsWith('#')), link => Assert.Single(root.Descendants(), e => e.Attribute("id")?.Value == link.Value[1..]));
        Assert.DoesNotContain("url(", Style().Match(page).Value, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", Style().Match(page).Value, StringComparison.Ordinal);
        Assert.Equal(11, root.Descendants("section").Count());
        Assert.All(root.Descendants("figure"), f => Assert.NotEmpty(f.Attribute("data-summary")!.Value));

        // The one script that may run is the one that is there.
        string script = page[(page.LastIndexOf("<script>", StringComparison.Ordinal) + 8)..page.LastIndexOf("</script>", StringComparison.Ordinal)];
        Assert.Contains($"script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'", page, StringComparison.Ordinal);
        Assert.DoesNotContain("</script", script, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Page_MissingParts_AreLeftOut()
    {
        var bare = new RunReport { Format = RunReport.CurrentFormat, Title = "Begun", Created = DateTimeOffset.UnixEpoch, Version = "0.1.0", State = ReportState.Interrupted };
        XElement root = Parse(ReportPage.Render(bare));
        Assert.Empty(root.Descendants("section"));
        Assert.Contains("There is no package yet", root.Descendants("p").First().Value, StringComparison.Ordinal);

        // Any single part alone, as a run that ended early has it, and any single part missing.
        RunReport whole = SampleReport.Whole();
        RunReport[] partial =
        [
            bare with { Plan = whole.Plan! with { Candidates = [new ReportCandidate(2, 128)] } }, bare with { Curves = [new ReportCurve("2 × 128", CurveRole.Chosen, [])] },
            bare with { Curves = [new ReportCurve("2 × 128", CurveRole.Chosen, [new ReportCurvePoint(1, 1, 0, 0, double.NaN)])] }, bare with { Outcome = whole.Outcome! with { Test = null, Development = null, Labels = null, LatencySeconds = null } },
            bare with { Grid = whole.Grid! with { Cells = [whole.Grid.Cells[^1]], Levels = [], Frontier = [] } }, bare with { Confusion = new ReportConfusion("test", [], [[]]) },
            bare with { Phases = [new ReportPhase("prepare", PhaseState.Waiting)] }, whole with { ChosenCell = null }, whole with { Goals = null },
        ];
        Assert.All(partial, report => Parse(ReportPage.Render(report)));
    }

    [Fact]
    public void Page_AGoalMissed_SaysWhatWouldHaveToGive()
    {
        RunReport whole = SampleReport.Whole();
        RunReport missed = whole with
        {
            Goals = new ReportGoals(1800, new DeploymentLimits(400_000)),
            Outcome = whole.Outcome! with { Bytes = 900_000, Missed = [new LimitExcess(Measure.Bytes, 400_000, 900_000)] },
        };
        string text = Parse(ReportPage.Render(missed)).Value.Replace('\u00A0', ' ');
        Assert.Contains("1 goal was missed", text, StringComparison.Ordinal);
        Assert.Contains("✗ more than 400.0 kB", text, StringComparison.Ordinal);
        Assert.Contains("raise --max-size by 500,000 bytes", text, StringComparison.Ordinal);
        Assert.DoesNotContain("every goal was met", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_AGoalThatWasNotMeasured_IsNotSaidToBeMet()
    {
        RunReport whole = SampleReport.Whole();
        string text = Parse(ReportPage.Render(whole with { Outcome = whole.Outcome! with { LatencySeconds = null } })).Value;
        Assert.Contains("not every goal could be measured", text, StringComparison.Ordinal);
        Assert.DoesNotContain("every goal was met", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_GridOfATranslationModel_SpeaksOfBleu()
    {
        RunReport whole = SampleReport.Whole();
        string page = ReportPage.Render(whole with
        {
            Grid = whole.Grid! with
            {
                Metric = QualityMetric.Bleu,
                Quality = 45.12,
                Cells = [.. whole.Grid.Cells.Select(c => c with { Measures = c.Measures == null ? null : c.Measures with { Quality = 43.87 } })],
            },
        });
        XElement section = Parse(page).Descendants("section").Single(s => s.Attribute("id")?.Value == "compression");
        Assert.Contains("whose BLEU on the development set is 45.12", section.Value, StringComparison.Ordinal);
        Assert.Contains(section.Descendants("th"), th => th.Value == "BLEU");
        Assert.Contains(section.Descendants("td"), td => td.Value == "43.87");
        Assert.Contains(section.Descendants("td"), td => td.Value == "1.25");
        Assert.DoesNotContain("ccuracy", section.Value, StringComparison.Ordinal);
        Assert.Equal("BLEU", Data(page).GetProperty("grid").GetProperty("metric").GetString());
    }

    // The page is XML but for its document type, its style, its script and its data.
    private static XElement Parse(string page)
    {
        string plain = Contents().Replace(page, m => $"<{m.Groups[1].Value}{m.Groups[2].Value}></{m.Groups[1].Value}>").Replace("<!doctype html>", "", StringComparison.Ordinal);
        return XElement.Parse(plain, LoadOptions.PreserveWhitespace);
    }

    private static JsonElement Data(string page)
    {
        const string begin = "id=\"data\">";
        int at = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        return JsonDocument.Parse(page[at..page.IndexOf("</script>", at, StringComparison.Ordinal)]).RootElement;
    }

    [GeneratedRegex("<(script|style)([^>]*)>.*?</\\1>", RegexOptions.Singleline)]
    private static partial Regex Contents();

    [GeneratedRegex("<style>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex Style();
}
