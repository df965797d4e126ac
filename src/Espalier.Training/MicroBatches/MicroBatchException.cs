namespace Espalier.Training.MicroBatches;

/// <summary>Training does not fit into the memory allowed, however small the micro-batch.</summary>
public sealed class MicroBatchException(long allowed, long needed, string what) : Exception(
    $"the model does not fit into {allowed / 1e6:0.###} MB: {needed / 1e6:F0} MB are needed for {what}; allow more memory, or take a smaller model");
