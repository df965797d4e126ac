using System.Globalization;
using Espalier.Planning.Curves;

namespace Espalier.Planning.Race;

/// <summary>What a candidate would come to with all the time that is left.</summary>
/// <param name="Size">Its size.</param>
/// <param name="Loss">Its held-out loss then.</param>
/// <param name="StepSeconds">Seconds of a step.</param>
/// <param name="RacedSeconds">What it trained in the race.</param>
/// <param name="Steps">Steps at the end.</param>
/// <param name="Tokens">Tokens at the end.</param>
/// <param name="Stopped">Why it was stopped, or null.</param>
public sealed record CandidateForecast(
    Sizes.ModelSize Size, LossForecast Loss, double StepSeconds, double RacedSeconds, long Steps, long Tokens, string? Stopped);

/// <summary>Which size to train, and why.</summary>
/// <param name="Candidates">The chosen one, then the others from the best forecast to the worst.</param>
/// <param name="BudgetSeconds">Training seconds of the whole job.</param>
/// <param name="LostSeconds">Seconds that went to the others.</param>
public sealed record SizePlan(IReadOnlyList<CandidateForecast> Candidates, double BudgetSeconds, double LostSeconds)
{
    /// <summary>The chosen candidate.</summary>
    public CandidateForecast Chosen => Candidates[0];

    /// <summary>The next best, or null when there was one candidate.</summary>
    public CandidateForecast? RunnerUp => Candidates.Count > 1 ? Candidates[1] : null;

    /// <summary>The choice in words and numbers, a sentence a line.</summary>
    public IReadOnlyList<string> Explain()
    {
        List<string> lines =
        [
            Text($"{Chosen.Size} (layers × hidden): a held-out loss of {Range(Chosen.Loss)} nats is forecast, a perplexity of {Math.Exp(Chosen.Loss.Loss):F1}, {Basis(Chosen.Loss)}."),
            Text($"It will have made {Chosen.Steps:N0} steps on {Chosen.Tokens:N0} tokens at {Chosen.StepSeconds * 1000:F1} ms a step when the {BudgetSeconds:N0} s are up."),
        ];
        if (RunnerUp is { } next)
        {
            double gap = next.Loss.Loss - Chosen.Loss.Loss;
            string clear = next.Loss.Low > Chosen.Loss.High ? "a clear choice"
                : gap >= 0 ? "the intervals overlap, so it could be as good"
                : next.Stopped == null ? "as good as far as can be told, and then the larger one is taken"
                : "its forecast is better, but it was stopped before that showed";
            lines.Add(Text($"The runner-up, {next.Size}, would give {Range(next.Loss)} after {next.Steps:N0} steps: {Math.Abs(gap):F3} {(gap >= 0 ? "worse" : "better")}; {clear}."));
        }
        lines.Add(Text($"The race cost {LostSeconds:N1} s in candidates that lost, {LostSeconds / BudgetSeconds:P1} of the budget; the chosen model keeps its {Chosen.RacedSeconds:N1} s."));
        foreach (CandidateForecast other in Candidates.Skip(1).Where(c => c.Stopped != null))
            lines.Add(Text($"{other.Size} was stopped after {other.RacedSeconds:N1} s: {other.Stopped}."));
        return lines;
    }

    private static string Basis(LossForecast loss) => loss.Basis switch
    {
        ForecastBasis.PowerLaw => "by a power law through its learning curve",
        ForecastBasis.Accelerating => "roughly, as its loss still falls ever faster",
        ForecastBasis.Overfitting => "as its held-out loss already rises: more or other data would help more than time",
        _ => "roughly, from few points",
    };

    private static string Range(LossForecast loss) => Text($"{loss.Loss:F3} ({loss.Low:F3} to {loss.High:F3})");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
