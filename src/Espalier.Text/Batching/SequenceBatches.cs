namespace Espalier.Text.Batching;

/// <summary>What classification and translation batches have in common: which sequence goes where.</summary>
/// <typeparam name="TMicro">The kind of micro-batch.</typeparam>
public abstract class SequenceBatches<TMicro> : IBatchBuilder<StepBatch<TMicro>> where TMicro : MicroBatch, new()
{
    private readonly int[] _lengths;
    private readonly SequenceBatchOptions _options;
    private readonly Lock _gate = new();
    private (ulong Seed, long Epoch, EpochPlan Plan)? _latest;

    private protected SequenceBatches(int[] lengths, SequenceBatchOptions options)
    {
        if (options.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        if (lengths.Length == 0)
            throw new TextException("there is no example to make batches of");
        _lengths = lengths;
        _options = options;
    }

    /// <inheritdoc/>
    public long BatchesIn(ulong seed, long epoch) => PlanOf(seed, epoch).BatchCount;

    /// <inheritdoc/>
    public StepBatch<TMicro> NewBatch() => new();

    /// <inheritdoc/>
    public BatchPosition Build(BatchPosition position, StepBatch<TMicro> batch)
    {
        EpochPlan plan = PlanOf(position.Seed, position.Epoch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)position.Index, (ulong)plan.BatchCount, nameof(position));
        batch.Clear();
        foreach (int sequence in plan.Batch(position.Index))
            Add(sequence, batch.PartFor(_lengths[sequence], _options.MicroBatchTokens));
        batch.Complete();
        return position.Index + 1 < plan.BatchCount ? position with { Index = position.Index + 1 } : new(position.Seed, position.Epoch + 1);
    }

    private protected abstract void Add(int sequence, TMicro part);

    private EpochPlan PlanOf(ulong seed, long epoch)
    {
        // Without shuffling every pass is the same.
        if (!_options.Shuffle)
            (seed, epoch) = (0, 0);
        lock (_gate)
        {
            if (_latest is not { } latest || (latest.Seed, latest.Epoch) != (seed, epoch))
                _latest = latest = (seed, epoch, new EpochPlan(_lengths, _options, seed, epoch));
            return latest.Plan;
        }
    }
}
