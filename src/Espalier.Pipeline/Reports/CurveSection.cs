namespace Espalier.Pipeline.Reports;

/// <summary>How training went.</summary>
internal static class CurveSection
{
    public static void Write(Html html, RunReport report)
    {
        ReportCurve[] curves = [.. report.Curves!.Where(c => c.Points.Count > 0)];
        bool translates = curves.Any(c => c.Points.Any(p => p.Bleu != null));
        if (curves.FirstOrDefault(c => c.Role == CurveRole.Chosen) is { } chosen)
        {
            ReportCurvePoint last = chosen.Points[^1];
            string losses = chosen.Points.Where(p => p.HeldOutLoss != null).ToArray() is { Length: > 0 } measured
                ? $"held-out loss fell from {Figures.Loss(measured[0].HeldOutLoss)} to {Figures.Loss(measured[^1].HeldOutLoss)} nats"
                : $"training loss came to {Figures.Loss(chosen.Points.LastOrDefault(p => p.TrainingLoss != null)?.TrainingLoss)} nats";
            int others = curves.Count(c => c.Role == CurveRole.Raced);
            string race = others == 0 ? "" : $" Beside it {(others == 1 ? "the size" : $"the {others} sizes")} that lost the race.";
            html.Chart(
                "learning", $"{(translates ? "Training" : "Pretraining")} of {chosen.Name}: {losses} in {Figures.Count(last.Step)} steps, {Figures.Short(last.Tokens)} tokens, {Figures.Seconds(last.Seconds)} and {Figures.Exponent(last.Flops)} floating-point operations.{race}",
                "time", "steps", "tokens", "FLOPs");
        }

        if (translates)
        {
            html.Chart("translating", $"BLEU of greedy translations of the development set while training; the best is {Figures.Decimal(curves.Max(c => c.Points.Max(p => p.Bleu)), 2)}.", "time", "steps");
        }

        ReportCurve[] tuned = [.. curves.Where(c => c.Role == CurveRole.Finetuning && c.Points.Any(p => p.Accuracy != null))];
        if (tuned.Length > 0)
        {
            html.WriteRaw("<h3>Finetuning</h3>\n");
            html.Chart("finetuning", $"Accuracy on the development set while finetuning; the best is {Figures.Percent(tuned.Max(c => c.Points.Max(p => p.Accuracy)))}.", "steps", "time");
        }

        html.WriteRaw("<details><summary>Ends of the curves as a table</summary>\n");
        html.Table(
            ["Curve", "#Steps", "#Tokens", "#Time", "#FLOPs", "#Training loss", "#Held-out loss", translates ? "#BLEU" : "#Accuracy"],
            [
                .. curves.Select(c => (string[])
                [
                    c.Name, Figures.Count(c.Points[^1].Step), Figures.Short(c.Points[^1].Tokens), Figures.Seconds(c.Points[^1].Seconds), Figures.Exponent(c.Points[^1].Flops),
                    Figures.Loss(c.Points.LastOrDefault(p => p.TrainingLoss != null)?.TrainingLoss), Figures.Loss(c.Points.LastOrDefault(p => p.HeldOutLoss != null)?.HeldOutLoss),
                    translates ? Figures.Decimal(c.Points.LastOrDefault(p => p.Bleu != null)?.Bleu, 2) : Figures.Percent(c.Points.LastOrDefault(p => p.Accuracy != null)?.Accuracy),
                ]),
            ],
            "Where each curve ends");
        html.WriteRaw("</details>\n");
    }
}
