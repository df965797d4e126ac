using System.Text.Json.Serialization;
using Espalier.Pipeline.Grids;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Reports;

/// <summary>
/// Everything that the report of a main job shows, as numbers and plain words: <c>report.json</c>. A part that is null is not there
/// (yet): a run that was interrupted, or that had no labels, has a report too.
/// </summary>
public sealed record RunReport
{
    /// <summary>The layout that this code writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the layout.</summary>
    public required int Format { get; init; }

    /// <summary>What the reader calls the run: the name of its folder, say.</summary>
    public required string Title { get; init; }

    /// <summary>When the report was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Version of the software that made it.</summary>
    public required string Version { get; init; }

    /// <summary>How far the run is.</summary>
    public required ReportState State { get; init; }

    /// <summary>What one must know first, a sentence each: a goal that was missed and what would have to give, a phase that failed.</summary>
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>What was asked for.</summary>
    public ReportGoals? Goals { get; init; }

    /// <summary>What came of it.</summary>
    public ReportOutcome? Outcome { get; init; }

    /// <summary>Which size was chosen, and why.</summary>
    public ReportPlan? Plan { get; init; }

    /// <summary>What the plan said beside what happened.</summary>
    public IReadOnlyList<ReportForecast>? Forecasts { get; init; }

    /// <summary>Learning curves: the chosen size's first, then those of the race, then finetuning.</summary>
    public IReadOnlyList<ReportCurve>? Curves { get; init; }

    /// <summary>Every compressed model, with its frontier and its errors by module.</summary>
    public GridTable? Grid { get; init; }

    /// <summary>The name of the cell of <see cref="Grid"/> that became the package (<see cref="CellResult.Name"/>).</summary>
    public string? ChosenCell { get; init; }

    /// <summary>Which classes were taken for which.</summary>
    public ReportConfusion? Confusion { get; init; }

    /// <summary>Examples that the package gets wrong.</summary>
    public ReportMistakes? Mistakes { get; init; }

    /// <summary>How the package translates.</summary>
    public ReportTranslations? Translations { get; init; }

    /// <summary>The phases in their order, those to come too.</summary>
    public IReadOnlyList<ReportPhase>? Phases { get; init; }

    /// <summary>The resolved configuration.</summary>
    public IReadOnlyList<ReportSection>? Configuration { get; init; }

    /// <summary>Where it ran.</summary>
    public MachineRecord? Machine { get; init; }

    /// <summary>How to do it again.</summary>
    public ReportReproduction? Reproduction { get; init; }

    /// <summary>Whether it took more time than it was given, by more than two parts in a hundred.</summary>
    [JsonIgnore]
    public bool IsLate => Outcome?.Seconds > 1.02 * Goals?.BudgetSeconds;
}

/// <summary>How far a run is.</summary>
public enum ReportState
{
    /// <summary>It did all that it was to do.</summary>
    Finished,

    /// <summary>It was stopped and can be resumed.</summary>
    Interrupted,

    /// <summary>A phase failed; what there was till then is reported.</summary>
    Failed,
}
