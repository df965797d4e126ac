namespace Espalier.Training.Runs;

/// <summary>A run that can be gone on with, a part of its budget or all of it, without knowing what it is trained for.</summary>
public interface ITrainingRun : IDisposable
{
    /// <summary>The run's folder and manifest.</summary>
    RunDirectory Directory { get; }

    /// <summary>Values of all parameters of the model.</summary>
    long Parameters { get; }

    /// <summary>Budget, learning rate, optimizer, evaluation and checkpoints.</summary>
    TrainerSettings Settings { get; }

    /// <summary>Trains until the budget is used up, and writes the model, also when it is interrupted.</summary>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancel">Saves and returns.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; the last good checkpoint is untouched.</exception>
    /// <exception cref="RunDamagedException">The run has checkpoints, and none is whole.</exception>
    TrainingOutcome Train(IProgress<TrainingProgress>? progress, CancellationToken cancel);

    /// <summary>Trains a part of the budget, and saves; the run goes on as if it had never stopped. No model is written, and evaluations
    /// measure the loss alone.</summary>
    /// <param name="until">Training time, from the run's beginning, after which it stops: at the evaluation that is nearest.</param>
    /// <param name="evaluation">How often to evaluate in this part.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancel">Saves and returns.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; the last good checkpoint is untouched.</exception>
    /// <exception cref="RunDamagedException">The run has checkpoints, and none is whole.</exception>
    TrainingOutcome TrainUntil(
        TimeSpan until, Interval evaluation, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default);
}
