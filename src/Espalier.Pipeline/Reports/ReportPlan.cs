namespace Espalier.Pipeline.Reports;

/// <summary>Which size was chosen, and why.</summary>
/// <param name="Candidates">The chosen one first, then the runner-up, then the others.</param>
/// <param name="Words">The choice in words and numbers, a sentence each.</param>
/// <param name="BudgetSeconds">Seconds of training, the race included.</param>
/// <param name="LostSeconds">Seconds that the choice cost: what sizes that lost trained, and what went into measuring and evaluating.</param>
public sealed record ReportPlan(
    IReadOnlyList<ReportCandidate> Candidates, IReadOnlyList<string> Words, double BudgetSeconds, double? LostSeconds = null);

/// <summary>A size that was considered.</summary>
/// <param name="Layers">Layers.</param>
/// <param name="Hidden">Width.</param>
/// <param name="Parameters">Values of all parameters.</param>
/// <param name="StepSeconds">Measured seconds of a step.</param>
/// <param name="MemoryBytes">Memory that its training takes.</param>
/// <param name="Steps">Steps that the budget allows it.</param>
/// <param name="Tokens">Tokens of them.</param>
/// <param name="Loss">Forecast of its held-out loss at the end of the budget, in nats.</param>
/// <param name="Low">Lower end of the forecast's interval.</param>
/// <param name="High">Upper end of it.</param>
/// <param name="RacedSeconds">Seconds that it trained in the race.</param>
/// <param name="Stopped">Why the race stopped it; null where it did not.</param>
/// <param name="Actual">Its held-out loss at the end of the budget, where it was trained so far.</param>
public sealed record ReportCandidate(
    int Layers, int Hidden, long? Parameters = null, double? StepSeconds = null, long? MemoryBytes = null, long? Steps = null,
    long? Tokens = null, double? Loss = null, double? Low = null, double? High = null, double? RacedSeconds = null,
    string? Stopped = null, double? Actual = null);

/// <summary>What the plan said of a figure beside what it became.</summary>
/// <param name="Measure">Which figure.</param>
/// <param name="Forecast">What the plan said.</param>
/// <param name="Actual">What it became; null as long as that is not known.</param>
/// <param name="Low">Lower end of the forecast's interval, where it has one.</param>
/// <param name="High">Upper end of it.</param>
public sealed record ReportForecast(
    ForecastMeasure Measure, double Forecast, double? Actual = null, double? Low = null, double? High = null);

/// <summary>A figure that a plan forecasts.</summary>
public enum ForecastMeasure
{
    /// <summary>Held-out loss of pretraining at the end of the budget, in nats.</summary>
    HeldOutLoss,

    /// <summary>Steps of pretraining.</summary>
    Steps,

    /// <summary>Tokens of pretraining.</summary>
    Tokens,

    /// <summary>Seconds of a step.</summary>
    StepSeconds,

    /// <summary>Wall-clock seconds of the whole job.</summary>
    Seconds,
}
