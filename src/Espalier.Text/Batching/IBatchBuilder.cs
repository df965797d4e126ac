namespace Espalier.Text.Batching;

/// <summary>
/// Makes the batch at any position; the outcome depends on nothing else. <see cref="BatchStream{TBatch}"/> turns it into a
/// stream. Safe to call from several threads.
/// </summary>
/// <typeparam name="TBatch">The kind of batch.</typeparam>
public interface IBatchBuilder<TBatch> where TBatch : class
{
    /// <summary>Effective batches in one pass over the data.</summary>
    long BatchesIn(ulong seed, long epoch);

    /// <summary>A batch without content, to be filled many times.</summary>
    TBatch NewBatch();

    /// <summary>Fills <paramref name="batch"/> with what stands at <paramref name="position"/>.</summary>
    /// <returns>The position that follows.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is beyond its pass.</exception>
    BatchPosition Build(BatchPosition position, TBatch batch);
}
