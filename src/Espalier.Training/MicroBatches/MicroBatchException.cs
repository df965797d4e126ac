namespace Espalier.Training.MicroBatches;

/// <summary>Training does not fit into the memory allowed, however small the micro-batch.</summary>
public sealed class MicroBatchException(long allowed, long needed, string what) : Exception(
    $"the model does not fit into {allowed / 1e6:F0} MB: {what} needs {needed / 1e6:F0} MB; allow more memory, or take a smaller model");
