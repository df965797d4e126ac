using Espalier.Pipeline.Reports;

namespace Espalier.Pipeline.Jobs;

/// <summary>
/// Shares a wall-clock budget out among the phases. A phase ends by the sum of the shares up to its own, so that one that takes
/// less leaves its rest to the next, and one that takes more takes it from there.
/// </summary>
public static class JobSchedule
{
    // Of the time that is left after preparing and what comes after compression.
    private const double PlanAndPretrain = 0.60, Finetune = 0.21;

    // At most this part of the pretraining goes to the choice of the size.
    private const double PlanOfPretraining = 0.15;

    // Opening the package, measuring it, writing card and report.
    private const double LeastEnd = 1.5, MostEnd = 10, EndShare = 0.02;

    // Without labels compression is quantization alone, and no finetuning.
    private const double QuantizeEncoder = 0.03;

    /// <summary>The phases with their shares.</summary>
    /// <param name="budget">Wall-clock time of the whole job.</param>
    /// <param name="prepare">What preparing is expected to take.</param>
    /// <param name="classifier">Whether there are labels.</param>
    public static IReadOnlyList<ReportPhase> Of(TimeSpan budget, TimeSpan prepare, bool classifier)
    {
        double end = Math.Clamp(EndShare * budget.TotalSeconds, LeastEnd, MostEnd);
        double rest = Math.Max(0, budget.TotalSeconds - end - prepare.TotalSeconds);
        double pretraining = rest * (classifier ? PlanAndPretrain : 1 - QuantizeEncoder);
        double finetuning = classifier ? rest * Finetune : 0;
        return
        [
            Waiting(JobPhase.Prepare, prepare.TotalSeconds),
            Waiting(JobPhase.Plan, pretraining * PlanOfPretraining),
            Waiting(JobPhase.Pretrain, pretraining * (1 - PlanOfPretraining)),
            Waiting(JobPhase.Finetune, finetuning),
            Waiting(JobPhase.Compress, rest - pretraining - finetuning),
            Waiting(JobPhase.Choose, 0.05 * end),
            Waiting(JobPhase.Package, 0.65 * end),
            Waiting(JobPhase.Report, 0.3 * end),
        ];
    }

    /// <summary>The name of a phase in <c>job.json</c> and the report.</summary>
    public static string NameOf(JobPhase phase) => phase.ToString().ToLowerInvariant();

    /// <summary>Seconds from the start of the job to the end of a phase, as planned.</summary>
    public static double EndOf(IReadOnlyList<ReportPhase> phases, JobPhase phase)
        => phases.Take((int)phase + 1).Sum(p => p.PlannedSeconds ?? 0);

    private static ReportPhase Waiting(JobPhase phase, double seconds) => new(NameOf(phase), PhaseState.Waiting, seconds);
}
