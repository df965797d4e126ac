using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Training;

/// <summary>What training does about a divergence: it goes back to the last good checkpoint, with a lower rate.</summary>
/// <param name="learner">What goes back.</param>
/// <param name="checkpoints">What there is to go back to; null where nothing is saved.</param>
/// <param name="recorder">Told of it.</param>
/// <param name="policy">How often, and with what rate.</param>
/// <param name="tell">Told in words.</param>
internal sealed class TrainingRollback(
    Learner learner, TrainingCheckpoints? checkpoints, TrainingRecorder recorder, DivergencePolicy policy, Action<string> tell)
{
    /// <summary>Goes back to the last good checkpoint with a lower rate. Returns why not, if that is of no use any more.</summary>
    public string? Try(string fault)
    {
        string what = $"{fault} at step {learner.State.Step + 1}";
        string? hopeless = !GoBack() ? $"{what}, and there is no checkpoint to go back to; take a lower learning rate, or a longer warm-up"
            : learner.State.Rollbacks >= policy.MaximumRollbacks ? $"{what}, after {learner.State.Rollbacks} rollbacks; take a lower learning rate"
            : null;
        if (hopeless == null)
        {
            TrainingState back = learner.State;
            learner.State = back with { RateScale = back.RateScale * policy.RateFactor, Rollbacks = back.Rollbacks + 1 };
            string message = $"{what}: back to step {learner.State.Step}, with {learner.State.RateScale} of the rate";
            recorder.Write("rolled-back", learner.State, e => e with { Message = message });
            checkpoints!.Update();
            tell(message);
        }

        learner.Enter(TrainingPhase.Idle);
        return hopeless;
    }

    /// <summary>Goes back to the newest checkpoint that is good, or further still; what that takes counts as saving.</summary>
    public bool GoBack(bool further = false)
    {
        learner.Enter(TrainingPhase.Saving);
        if (checkpoints?.GoBack(further) != true)
        {
            return false;
        }

        recorder.Begin(learner.State);
        return true;
    }
}
