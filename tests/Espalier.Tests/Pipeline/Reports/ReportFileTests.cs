using System.Text.Json.Nodes;
using Espalier.Pipeline.Reports;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Reports;

public class ReportFileTests
{
    [Fact]
    public void Report_WrittenAndRead_IsTheSame()
    {
        using var folder = new TemporaryFolder();
        RunReport whole = SampleReport.Whole() with { Curves = [new ReportCurve("a", CurveRole.Chosen, [new ReportCurvePoint(1, 2, 3, 4, double.NaN)])] };
        ReportFile.Write(folder["report.json"], whole);
        RunReport read = ReportFile.Read(folder["report.json"]);
        ReportFile.Write(folder["again.json"], read);
        Assert.Equal(File.ReadAllText(folder["report.json"]), File.ReadAllText(folder["again.json"]));
        Assert.Equal(whole.Goals, read.Goals);
        Assert.Equal(whole.Grid!.Cells[5].Measures, read.Grid!.Cells[5].Measures);
        Assert.Equal(ReportPage.Render(whole), ReportPage.Render(read));
    }

    [Theory]
    [InlineData("plan", "candidates")]
    [InlineData("outcome", "package")]
    public void Read_WithoutWhatAPartNeeds_SaysWhat(string part, string property)
    {
        using var folder = new TemporaryFolder();
        ReportFile.Write(folder["report.json"], SampleReport.Whole());
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder["report.json"]))!;
        json[part]!.AsObject().Remove(property);
        File.WriteAllText(folder["report.json"], json.ToJsonString());
        Assert.Contains(property, Assert.Throws<RunDamagedException>(() => ReportFile.Read(folder["report.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CurveOf_ALongRun_IsThinnedButKeepsEveryEvaluationAndTheMean()
    {
        TrainingEvent[] events =
        [
            .. Enumerable.Range(1, 5000).Select(i => new TrainingEvent { Event = "step", Step = i, Loss = i % 2 }),
            .. Enumerable.Range(1, 7).Select(i => new TrainingEvent { Event = "evaluation", Step = 700 * i, Evaluation = new Evaluation("accuracy", 0.5, 2, 10, 100) }),
        ];
        ReportCurve curve = ReportCurve.Of("a", CurveRole.Finetuning, events);
        Assert.InRange(curve.Points.Count, 200, 310);
        Assert.Equal(7, curve.Points.Count(p => p is { HeldOutLoss: 2, Accuracy: 0.5 }));
        Assert.Equal(5000, curve.Points[^1].Step);
        Assert.Equal(0.5, curve.Points.Average(p => p.TrainingLoss)!.Value, 0.01);
        Assert.Equal(curve.Points.Select(p => p.Step).Order(), curve.Points.Select(p => p.Step));
    }
}
