using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Reports;

/// <summary>A learning curve.</summary>
/// <param name="Name">Such as the model's size.</param>
/// <param name="Role">Which part it played.</param>
/// <param name="Points">Its points in their order.</param>
public sealed record ReportCurve(string Name, CurveRole Role, IReadOnlyList<ReportCurvePoint> Points)
{
    // As many as a chart of a screen's width can tell apart.
    private const int MostTrainingPoints = 300;

    /// <summary>The curve of a run's events. Of long runs neighbouring training losses are averaged; every evaluation is kept.</summary>
    /// <param name="name">Such as the model's size.</param>
    /// <param name="role">Which part it played.</param>
    /// <param name="events">As <see cref="EventLog.Read"/> gives them.</param>
    public static ReportCurve Of(string name, CurveRole role, IReadOnlyList<TrainingEvent> events)
    {
        TrainingEvent[] steps = [.. events.Where(e => e is { Event: "step", Loss: not null })];
        int together = (steps.Length + MostTrainingPoints - 1) / MostTrainingPoints;
        IEnumerable<ReportCurvePoint> training = steps.Length == 0 ? [] : steps.Chunk(together).Select(
            some => PointOf(some[^1]) with { TrainingLoss = some.Average(e => e.Loss) });
        IEnumerable<ReportCurvePoint> evaluations =
            from e in events
            where e is { Event: "evaluation", Evaluation: not null }
            select PointOf(e) with
            {
                HeldOutLoss = e.Evaluation!.Loss,
                Accuracy = e.Evaluation.Metric == "accuracy" ? e.Evaluation.Value : null,
                Bleu = e.Evaluation.Metric == TranslationObjective.Metric ? e.Evaluation.Value : null,
            };
        return new ReportCurve(name, role, [.. training.Concat(evaluations).OrderBy(p => p.Step)]);
    }

    private static ReportCurvePoint PointOf(TrainingEvent e) => new(e.Step, e.Tokens, e.Elapsed, e.ProductFlops);
}

/// <summary>A point of a learning curve: how far training was, and what was measured there.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Tokens">Tokens that passed through the model.</param>
/// <param name="Seconds">Seconds of training.</param>
/// <param name="Flops">FLOPs of the matrix products.</param>
/// <param name="TrainingLoss">Mean training loss in nats since the point before.</param>
/// <param name="HeldOutLoss">Loss on what is not trained on, in nats.</param>
/// <param name="Accuracy">Accuracy on the development set.</param>
/// <param name="Bleu">BLEU of greedy translations of the development set.</param>
public sealed record ReportCurvePoint(
    long Step, long Tokens, double Seconds, double Flops, double? TrainingLoss = null, double? HeldOutLoss = null, double? Accuracy = null,
    double? Bleu = null);

/// <summary>Which part a learning curve played.</summary>
public enum CurveRole
{
    /// <summary>Training of the chosen size, its slices of the race included.</summary>
    Chosen,

    /// <summary>A size of the race that lost.</summary>
    Raced,

    /// <summary>Finetuning.</summary>
    Finetuning,
}
