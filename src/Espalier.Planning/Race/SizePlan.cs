using Espalier.Planning.Curves;
using static System.FormattableString;

namespace Espalier.Planning.Race;

/// <summary>What a candidate would come to with all the time that is left.</summary>
/// <param name="Size">Its size.</param>
/// <param name="Loss">Its held-out loss then.</param>
/// <param name="StepSeconds">Seconds of a step.</param>
/// <param name="RacedSeconds">What it trained in the race.</param>
/// <param name="Steps">Steps at the end.</param>
/// <param name="Tokens">Tokens at the end.</param>
/// <param name="Stopped">Why it was stopped, or null.</param>
/// <param name="DifferenceError">
/// Standard error of the difference between its held-out loss and the chosen one's that comes from the choice of the held-out text, on
/// which both were measured; null where that is not known.
/// </param>
public sealed record CandidateForecast(
    Sizes.ModelSize Size, LossForecast Loss, double StepSeconds, double RacedSeconds, long Steps, long Tokens, string? Stopped,
    double? DifferenceError = null);

/// <summary>Which size to train, and why.</summary>
/// <param name="Candidates">The chosen one, then the others from the best forecast to the worst.</param>
/// <param name="BudgetSeconds">Training seconds of the whole job.</param>
/// <param name="LostSeconds">Seconds that were lost to the chosen one: what the others trained, and what went into measuring.</param>
public sealed record SizePlan(IReadOnlyList<CandidateForecast> Candidates, double BudgetSeconds, double LostSeconds)
{
    /// <summary>Sizes that were proposed, of which those that there was no time for are not among the candidates; 0 where not known.</summary>
    public int Proposed { get; init; }

    /// <summary>Held-out predictions, the same for all, by which the candidates were compared; 0 where not known.</summary>
    public long Predictions { get; init; }

    /// <summary>What the forecast of the chosen one takes off for the decay of the learning rate, in nats, as other runs gained by it.</summary>
    public double DecayGain { get; init; }

    /// <summary>Why it was chosen.</summary>
    public ChoiceReason Reason { get; init; }

    /// <summary>Whether forecasts rest on how other runs went on, too.</summary>
    public bool ByOtherRuns { get; init; }

    /// <summary>The chosen candidate.</summary>
    public CandidateForecast Chosen => Candidates[0];

    /// <summary>The next best, or null when there was one candidate.</summary>
    public CandidateForecast? RunnerUp => Candidates.Count > 1 ? Candidates[1] : null;

    /// <summary>The choice in words and numbers, a sentence a line.</summary>
    public IReadOnlyList<string> Explain()
    {
        List<string> lines =
        [
            Invariant($"{Chosen.Size} (layers × hidden): a held-out loss of {Range(Chosen.Loss)} nats is forecast, a perplexity of {Math.Exp(Chosen.Loss.Loss):F1}, {Basis(Chosen.Loss)}."),
            Invariant($"It will have made {Chosen.Steps:N0} steps on {Chosen.Tokens:N0} tokens at {Chosen.StepSeconds * 1000:F1} ms a step when the {BudgetSeconds:N0} s of race and training are up."),
        ];
        if (DecayGain > 0)
            lines.Add(Invariant($"Of that, {DecayGain:F3} nats are what the fall of the learning rate to zero has gained in other runs: an assumption, as this one has not come to it."));
        if (Proposed > Candidates.Count)
        {
            string rest = Candidates.Count == 1 ? "so it was compared with none" : "for no more";
            lines.Add(Invariant($"{Proposed} sizes were proposed, and there was time to try {Candidates.Count}, {rest}; more time gives a better founded choice."));
        }
        if (RunnerUp is { } next)
            lines.Add(Compare(next));
        if (Predictions > 0)
            lines.Add(Invariant($"Losses are measured on {Predictions:N0} held-out predictions, the same for every size."));
        double others = Candidates.Skip(1).Sum(c => c.RacedSeconds);
        lines.Add(Invariant($"The choice cost {LostSeconds:N1} s, {LostSeconds / BudgetSeconds:P1} of the budget: {others:N1} s in sizes that lost, {Math.Max(0, LostSeconds - others):N1} s in measuring and evaluating; the chosen model keeps its {Chosen.RacedSeconds:N1} s."));
        foreach (CandidateForecast other in Candidates.Skip(1).Where(c => c.Stopped != null))
            lines.Add(Invariant($"{other.Size} was stopped after {other.RacedSeconds:N1} s: {other.Stopped}."));
        return lines;
    }

    private string Compare(CandidateForecast next)
    {
        double gap = next.Loss.Loss - Chosen.Loss.Loss;
        string clear = next.Loss.Low > Chosen.Loss.High ? "a clear choice"
            : gap >= 0 ? "the intervals overlap, so it could be as good"
            : Reason switch
            {
                ChoiceReason.Proportion => "but so early no forecast is worth much, so the size whose tokens and weights are best in proportion is taken",
                ChoiceReason.Larger => "as good as far as can be told, and then the larger one is taken",
                ChoiceReason.BestLeft => "its forecast is better, but it was stopped before that showed",
                _ => "but by its own learning curve alone it is worse, and that is what sizes are compared by",
            };
        string error = next.DifferenceError is { } e ? Invariant($", with a standard error of {e:F3} by the held-out text alone") : "";
        return Invariant($"The runner-up, {next.Size}, would give {Range(next.Loss)} after {next.Steps:N0} steps: {Math.Abs(gap):F3} {(gap >= 0 ? "worse" : "better")}{error}; {clear}.");
    }

    private string Basis(LossForecast loss) => loss.Basis switch
    {
        ForecastBasis.PowerLaw => $"by a power law through its learning curve{(ByOtherRuns ? " and by how other runs went on" : "")}",
        ForecastBasis.Plateau when ByOtherRuns => "by how other runs went on from the plateau of word frequencies, which it has not left",
        ForecastBasis.Accelerating or ForecastBasis.FewPoints when ByOtherRuns => "by how other runs went on, as little of it is known yet",
        ForecastBasis.Accelerating => "roughly, as its loss still falls ever faster",
        ForecastBasis.Overfitting => "as its held-out loss already rises: more or other data would help more than time",
        ForecastBasis.Plateau => "if it stays on the plateau of word frequencies, where it is yet; when it leaves that it falls towards the lower end",
        _ => "roughly, from few points",
    };

    private static string Range(LossForecast loss) => Invariant($"{loss.Loss:F3} ({loss.Low:F3} to {loss.High:F3})");
}

/// <summary>Why a size was chosen.</summary>
public enum ChoiceReason
{
    /// <summary>Its learning curve leads lowest.</summary>
    Best,

    /// <summary>Of those that were not stopped, its learning curve leads lowest.</summary>
    BestLeft,

    /// <summary>It is the largest of those that are as good as the best, as far as can be told.</summary>
    Larger,

    /// <summary>No curve says enough; its tokens and weights are best in proportion.</summary>
    Proportion,
}
