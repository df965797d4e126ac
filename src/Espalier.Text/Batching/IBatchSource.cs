namespace Espalier.Text.Batching;

/// <summary>An endless, resumable stream of batches, as a trainer sees it. Not thread-safe.</summary>
/// <typeparam name="TBatch">The kind of batch.</typeparam>
public interface IBatchSource<TBatch> : IDisposable where TBatch : class
{
    /// <summary>Where the next batch stands. Save it beside the model; <see cref="Seek"/> to it to go on.</summary>
    BatchPosition Position { get; }

    /// <summary>The next batch. It and its memory are valid until the next call of any member.</summary>
    /// <exception cref="TextException">The data behind it has a fault.</exception>
    TBatch Next();

    /// <summary>Goes elsewhere in the stream, or to a stream with another seed.</summary>
    void Seek(BatchPosition position);
}
