using Espalier.Training.Objectives;

namespace Espalier.Training.Runs;

/// <summary>
/// The evaluations of a run as its log has them. A checkpoint cuts the log back, so that a run that was killed and resumed decides by
/// them as an uninterrupted one does. Those of averaged weights are left out: they say nothing about where training stands; and those
/// of the loss alone, as a race between sizes has them: there is no figure of merit to compare with others.
/// </summary>
internal sealed class EvaluationHistory
{
    private readonly double[] _sinceEnd;

    /// <summary>Takes them from a log.</summary>
    public EvaluationHistory(IReadOnlyList<TrainingEvent> log)
    {
        Evaluations = [.. log.Where(IsEvaluation)];
        _sinceEnd = [.. log.Reverse().TakeWhile(e => e.Event is not ("finished" or "stopped")).Where(IsEvaluation).Reverse().Select(e => e.Evaluation!.Value)];
    }

    /// <summary>All of them, in their order.</summary>
    public IReadOnlyList<TrainingEvent> Evaluations { get; }

    /// <summary>The best of them, of equals that with the lower loss; null where there is none.</summary>
    public TrainingEvent? Best => Evaluations.MaxBy(e => (e.Evaluation!.Value, -e.Evaluation.Loss));

    /// <summary>Whether so many evaluations in a row were no better than the best before them, since the run last ended: one that is
    /// given more is given as much patience. As long as nothing is right, nothing can be worse.</summary>
    /// <param name="patience">How many; 0 for a patience without end.</param>
    public bool IsOutOfPatience(int patience)
    {
        double best = _sinceEnd.DefaultIfEmpty().Max();
        return patience > 0 && best > 0 && _sinceEnd.Length - 1 - Array.IndexOf(_sinceEnd, best) >= patience;
    }

    private static bool IsEvaluation(TrainingEvent e) => e is { Event: "evaluation", Evaluation: { Averaged: null, Metric: not Evaluation.Perplexity } };
}
