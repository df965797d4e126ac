namespace Espalier.Training.Runs;

/// <summary>A checkpoint in the run directory.</summary>
/// <param name="Path">Its folder, with <c>model.safetensors</c>, <c>optimizer.safetensors</c> and <c>state.json</c>.</param>
/// <param name="Step">Optimizer steps taken.</param>
/// <param name="State">All that is no tensor.</param>
public sealed record Checkpoint(string Path, long Step, TrainingState State)
{
    /// <summary>Its model.</summary>
    public string ModelPath => System.IO.Path.Join(Path, CheckpointStore.ModelName);

    internal long EventBytes { get; init; }
}
