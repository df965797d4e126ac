using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training;

/// <summary>The evaluations of a training: it measures, logs, and asks the caller whether to go on.</summary>
/// <param name="learner">What is measured.</param>
/// <param name="recorder">Where the results are logged.</param>
/// <param name="rollback">Where to go from a model that gives no finite loss.</param>
internal sealed class TrainingEvaluator(Learner learner, TrainingRecorder recorder, TrainingRollback rollback)
{
    /// <summary>Told of each evaluation; false ends training early.</summary>
    public Func<TrainingState, Evaluation, bool>? KeepGoing { get; set; }

    /// <summary>The latest; null where nothing is held out, it was cut short, or training went back to before it.</summary>
    public Evaluation? Latest { get; private set; }

    /// <summary>Training is no longer where the latest was made.</summary>
    public void Forget() => Latest = null;

    /// <summary>Whether the caller had enough already: who was killed between the last checkpoint and the line that says that training was
    /// stopped is not to take another step.</summary>
    public bool WasEnough()
    {
        Evaluation? last = recorder.LastEvaluation(learner.State.Step);
        bool enough = last != null && KeepGoing?.Invoke(learner.State, last) == false;
        Latest = enough ? last : null;
        return enough;
    }

    /// <summary>Evaluates; false when the caller has enough.</summary>
    /// <param name="cancel">Stops it between two micro-batches; it is then as if it had not begun.</param>
    /// <param name="averaged">Of how many evaluations' weights the model is the average; null for the weights that are trained.</param>
    /// <param name="gaveUp">Whether training diverged for good.</param>
    public bool Run(CancellationToken cancel, int? averaged, bool gaveUp)
    {
        Latest = Measure(gaveUp, cancel) is { } evaluation ? evaluation with { Averaged = averaged } : null;
        learner.Enter(TrainingPhase.Saving);
        learner.State = learner.State with { EvaluatedAt = learner.State.Spent };
        bool goOn = true;
        if (Latest != null)
        {
            recorder.Write(Latest, learner.State);
            goOn = KeepGoing?.Invoke(learner.State, Latest) != false;
        }

        learner.Enter(TrainingPhase.Idle);
        return goOn;
    }

    private Evaluation? Measure(bool gaveUp, CancellationToken cancel)
    {
        Evaluation? evaluation = learner.Evaluate(cancel);

        // The newest checkpoint was saved before anybody had seen the loss that its last step led to: where training gave up, nobody has.
        while (gaveUp && evaluation != null && !double.IsFinite(evaluation.Loss) && rollback.GoBack(further: true))
        {
            learner.Enter(TrainingPhase.Evaluation);
            evaluation = learner.Evaluate(cancel);
        }

        return evaluation;
    }
}
