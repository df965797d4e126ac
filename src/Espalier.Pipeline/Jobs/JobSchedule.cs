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

    // A model that translates is trained at once; what is pruned of it is finetuned as a classifier is.
    private const double PlanAndTrainTranslator = 0.80;

    // At most 15 % of the training are lost to the choice of the size (SizeRace.MostWaste); the rest of this is what the chosen one trains
    // meanwhile, and keeps.
    private const double PlanOfPretraining = 0.24;

    // Opening the package, measuring it, writing card and report.
    private const double LeastEnd = 3, MostEnd = 10, EndShare = 0.02;

    // The same where two sets have to be translated, one of them by beam search.
    private const double MostTranslatorEnd = 60, TranslatorEndShare = 0.05;

    private const string TrainName = "train";

    // Without labels compression is quantization alone, a few packages that are measured once each, and no finetuning.
    private const double QuantizeEncoder = 0.03, MostOfQuantizing = 120;

    /// <summary>The phases with their shares.</summary>
    /// <param name="budget">Wall-clock time of the whole job.</param>
    /// <param name="prepare">What preparing is expected to take.</param>
    /// <param name="product">What comes of it.</param>
    public static IReadOnlyList<ReportPhase> Of(TimeSpan budget, TimeSpan prepare, JobProduct product)
    {
        (double share, double most) = product == JobProduct.Translator ? (TranslatorEndShare, MostTranslatorEnd) : (EndShare, MostEnd);
        double end = Math.Clamp(share * budget.TotalSeconds, LeastEnd, most);
        double rest = Math.Max(0, budget.TotalSeconds - end - prepare.TotalSeconds);
        double training = rest * product switch
        {
            JobProduct.Classifier => PlanAndPretrain,
            JobProduct.Translator => PlanAndTrainTranslator,
            _ => Math.Max(1 - QuantizeEncoder, 1 - (MostOfQuantizing / Math.Max(rest, 1))),
        };
        double finetuning = product == JobProduct.Classifier ? rest * Finetune : 0;
        ReportPhase[] phases =
        [
            Waiting(JobPhase.Prepare, prepare.TotalSeconds),
            Waiting(JobPhase.Plan, training * PlanOfPretraining),
            Waiting(JobPhase.Pretrain, training * (1 - PlanOfPretraining)),
            Waiting(JobPhase.Finetune, finetuning),
            Waiting(JobPhase.Compress, rest - training - finetuning),
            Waiting(JobPhase.Choose, 0.05 * end),
            Waiting(JobPhase.Package, 0.65 * end),
            Waiting(JobPhase.Report, 0.3 * end),
        ];
        if (product == JobProduct.Translator)
        {
            // What is trained for the task at once is not pretrained, and needs no finetuning for it.
            phases[(int)JobPhase.Pretrain] = phases[(int)JobPhase.Pretrain] with { Name = TrainName };
            phases[(int)JobPhase.Finetune] = phases[(int)JobPhase.Finetune] with { State = PhaseState.Skipped, PlannedSeconds = null };
        }

        return phases;
    }

    /// <summary>Whether a job has a phase at all; the others have no share, and are not shown.</summary>
    public static bool Has(ReportPhase phase) => phase.PlannedSeconds != null;

    /// <summary>Seconds from the start of the job to the end of a phase, as planned.</summary>
    public static double EndOf(IReadOnlyList<ReportPhase> phases, JobPhase phase)
        => phases.Take((int)phase + 1).Sum(p => p.PlannedSeconds ?? 0);

    // As it stands in job.json and the report.
    private static ReportPhase Waiting(JobPhase phase, double seconds)
        => new(phase.ToString().ToLowerInvariant(), PhaseState.Waiting, seconds);
}
