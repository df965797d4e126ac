namespace Espalier.Text.Batching;

/// <summary>A batch that fits through the model at once, a part of a <see cref="StepBatch{TMicro}"/>.</summary>
public abstract class MicroBatch
{
    /// <summary>Tokens that pass through the model.</summary>
    public abstract int TokenCount { get; }

    /// <summary>Predictions that the loss averages over.</summary>
    public abstract int TargetCount { get; }

    internal abstract void Clear();
}

/// <summary>
/// An effective batch: what one optimizer step learns from, split into micro-batches. How it is split depends on the
/// memory at hand and changes nothing about its content. To average the loss over the whole, weigh each micro-batch's mean by
/// its <see cref="MicroBatch.TargetCount"/> / <see cref="TargetCount"/>.
/// </summary>
/// <typeparam name="TMicro">The kind of micro-batch.</typeparam>
public sealed class StepBatch<TMicro> where TMicro : MicroBatch, new()
{
    private readonly List<TMicro> _microBatches = [];
    private readonly List<TMicro> _spare = [];

    /// <summary>The parts, never empty.</summary>
    public IReadOnlyList<TMicro> MicroBatches => _microBatches;

    /// <summary>Tokens of all parts.</summary>
    public long TokenCount { get; private set; }

    /// <summary>Predictions of all parts.</summary>
    public long TargetCount { get; private set; }

    internal void Clear()
    {
        _spare.AddRange(_microBatches);
        _microBatches.Clear();
        TokenCount = TargetCount = 0;
    }

    /// <summary>The part that takes a sequence of this many tokens: the last, or a new one when it would become too large.</summary>
    internal TMicro PartFor(int tokens, int microBatchTokens)
    {
        if (_microBatches.Count > 0 && _microBatches[^1].TokenCount + tokens <= microBatchTokens)
            return _microBatches[^1];
        TMicro part;
        if (_spare.Count > 0)
        {
            part = _spare[^1];
            _spare.RemoveAt(_spare.Count - 1);
            part.Clear();
        }
        else
            part = new TMicro();
        _microBatches.Add(part);
        return part;
    }

    /// <summary>Adds up the parts once they are filled.</summary>
    internal void Complete()
    {
        foreach (TMicro part in _microBatches)
        {
            TokenCount += part.TokenCount;
            TargetCount += part.TargetCount;
        }
    }
}
