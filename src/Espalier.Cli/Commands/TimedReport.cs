using Espalier.Cli.CommandLine;

namespace Espalier.Cli.Commands;

/// <summary>What every command that trains a run reports: what time was spent on, also before it was stopped and resumed.</summary>
internal abstract record TimedReport
{
    /// <summary>Seconds within steps: the budget's time.</summary>
    public required double TrainingSeconds { get; init; }

    /// <summary>Seconds of evaluating.</summary>
    public required double EvaluationSeconds { get; init; }

    /// <summary>Seconds of saving.</summary>
    public required double SavingSeconds { get; init; }

    /// <summary>Seconds of reading and measuring before the first step.</summary>
    public required double PreparationSeconds { get; init; }

    protected void WriteTimes(TextWriter text) => text.WriteLine(
        $"  training    {Show(TrainingSeconds)}; evaluation {Show(EvaluationSeconds)}, saving {Show(SavingSeconds)}, preparation {Show(PreparationSeconds)}");

    private static string Show(double seconds) => Quantities.Show(TimeSpan.FromSeconds(seconds));
}
