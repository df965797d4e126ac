namespace Espalier.Pipeline.Reports;

/// <summary>Which size was chosen and why, and how right the plan was.</summary>
internal static class PlanSection
{
    public static void Write(Html html, RunReport report)
    {
        ReportPlan plan = report.Plan!;
        foreach (string sentence in plan.Words)
        {
            html.Write($"<p>{sentence}</p>\n");
        }

        ReportCandidate chosen = plan.Candidates[0];
        string trained = plan.Candidates.Any(c => c.Actual != null) ? " The upright stroke is what a size became." : "";
        html.Chart("forecast", $"Forecast held-out loss of {plan.Candidates.Count} sizes after {Figures.Seconds(plan.BudgetSeconds)} of training, with its interval; lower is better. Chosen: {Size(chosen)}{(chosen.Loss == null ? "" : $" with {Range(chosen)}")}.{trained}");
        html.Table(
            ["Layers × width", "#Parameters", "#Step", "#Memory", "#Steps", "#Tokens", "#Forecast, nats", "#Interval", "#Raced", "Part"],
            [
                .. plan.Candidates.Select((c, i) => (string[])
                [
                    Size(c), Figures.Short(c.Parameters), Figures.Seconds(c.StepSeconds), Figures.Bytes(c.MemoryBytes), Figures.Count(c.Steps),
                    Figures.Short(c.Tokens), Figures.Loss(c.Loss), c.Low == null ? Figures.None : $"{Figures.Loss(c.Low)} … {Figures.Loss(c.High)}",
                    Figures.Seconds(c.RacedSeconds), i == 0 ? "chosen" : i == 1 ? "runner\u2011up" : c.Stopped != null ? "stopped" : "",
                ]),
            ],
            $"Sizes that were considered, with what {Figures.Seconds(plan.BudgetSeconds)} would allow them", chosen: 0);
    }

    public static void WriteForecasts(Html html, RunReport report) => html.Table(
        ["Figure", "#Forecast", "#Interval", "#Became", "#Difference", "Within the interval"],
        [
            .. report.Forecasts!.Select(f => (string[])
            [
                Title(f.Measure), Show(f.Measure, f.Forecast), f.Low == null ? Figures.None : $"{Show(f.Measure, f.Low)} … {Show(f.Measure, f.High)}",
                Show(f.Measure, f.Actual), Figures.Deviation(f.Actual, f.Forecast),
                f is { Actual: { } a, Low: { } low, High: { } high } ? (a >= low && a <= high ? "yes" : "no") : Figures.None,
            ]),
        ],
        "What the plan said, and what happened");

    private static string Size(ReportCandidate c) => $"{c.Layers}\u00A0×\u00A0{c.Hidden}";

    private static string Range(ReportCandidate c) => c.Low == null ? $"{Figures.Loss(c.Loss)} nats" : $"{Figures.Loss(c.Loss)} nats ({Figures.Loss(c.Low)} to {Figures.Loss(c.High)})";

    private static string Title(ForecastMeasure measure) => measure switch
    {
        ForecastMeasure.HeldOutLoss => "Held-out loss, nats",
        ForecastMeasure.Steps => "Steps of training",
        ForecastMeasure.Tokens => "Tokens of training",
        ForecastMeasure.StepSeconds => "Time of a step",
        _ => "Time of the whole job",
    };

    private static string Show(ForecastMeasure measure, double? value) => measure switch
    {
        ForecastMeasure.HeldOutLoss => Figures.Loss(value),
        ForecastMeasure.Steps => Figures.Count((long?)value),
        ForecastMeasure.Tokens => Figures.Short(value),
        _ => Figures.Seconds(value),
    };
}
