namespace Espalier.Text.Batching;

/// <summary>
/// A place in a stream of batches. It is all that has to be saved to go on with the same batches: everything random is a
/// function of it.
/// </summary>
/// <param name="Seed">Seed of the stream.</param>
/// <param name="Epoch">Passes over the data completed, from 0.</param>
/// <param name="Index">Effective batches of this pass taken, from 0.</param>
public readonly record struct BatchPosition(ulong Seed, long Epoch = 0, long Index = 0);
