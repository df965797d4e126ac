using Espalier.Text.Corpora;
using Espalier.Text.Randomness;
using Espalier.Text.Tokenization;

namespace Espalier.Text.Batching;

/// <summary>
/// Blocks for masked language modelling as RoBERTa makes them (Liu et al. 2019, §4.2 "full-sentences"): documents follow
/// one another with a separator between, each block begins with <c>&lt;s&gt;</c> and takes the next T−1 tokens. The masking is
/// drawn anew at each pass as a function of (seed, epoch, block), so neither batch size nor order changes it.
/// </summary>
public sealed class MaskedBlocks : IBatchBuilder<StepBatch<MaskedBatch>>
{
    // No symbol: stands between documents where symbols are counted.
    private const int Separator = -1;
    private const int ToldEvery = 512;

    private readonly TokenSplit _text;
    private readonly MaskedBlockOptions _options;
    private readonly SpecialTokens _special;
    private readonly TokenCorruption _corruption;
    private readonly long _allBlocks;

    /// <summary>Makes blocks of a part of a corpus.</summary>
    /// <param name="text">Must stay open while batches are made.</param>
    /// <param name="tokenizer">The tokenizer that the corpus was prepared with.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">The options have a fault.</exception>
    /// <exception cref="TextException">The part holds no text.</exception>
    public MaskedBlocks(TokenSplit text, Tokenizer tokenizer, MaskedBlockOptions options)
    {
        if (options.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        if (text.Tokens == 0)
            throw new TextException("this part of the corpus holds no text; hold out a larger share, or prepare more text");
        _text = text;
        _options = options;
        _special = tokenizer.Special;
        _corruption = new TokenCorruption(tokenizer, options);
        // What is left after the last whole block is a block too.
        _allBlocks = (text.StreamLength + options.BlockTokens - 2) / (options.BlockTokens - 1);
        BlockCount = Math.Clamp((long)Math.Round(_allBlocks * (options.DataFraction ?? 1)), 1, _allBlocks);
    }

    /// <summary>Blocks in one pass.</summary>
    public long BlockCount { get; }

    /// <inheritdoc/>
    public long BatchesIn(ulong seed, long epoch) => (BlockCount + _options.BatchBlocks - 1) / _options.BatchBlocks;

    /// <summary>How often each symbol occurs in the blocks that are in use, separators between documents not counted.</summary>
    /// <param name="seed">The seed that a share of the blocks is drawn by.</param>
    /// <param name="vocabulary">Number of symbols.</param>
    /// <param name="progress">Told the part of the blocks that was counted.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public long[] CountTokens(ulong seed, int vocabulary, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        long[] counts = new long[vocabulary];
        int[] block = new int[_options.BlockTokens - 1];
        var chosen = new SeededPermutation(_allBlocks, seed, Purpose.Fraction, 0);
        for (long i = 0; i < BlockCount; i++)
        {
            long start = (BlockCount == _allBlocks ? i : chosen[i]) * block.Length;
            Span<int> tokens = block.AsSpan(0, (int)Math.Min(block.Length, _text.StreamLength - start));
            _text.CopyStream(start, tokens, Separator);
            foreach (int token in tokens)
            {
                if (token != Separator)
                    counts[token]++;
            }
            if (i % ToldEvery == 0 || i + 1 == BlockCount)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report((i + 1) / (double)BlockCount);
            }
        }
        return counts;
    }

    /// <inheritdoc/>
    public StepBatch<MaskedBatch> NewBatch() => new();

    /// <inheritdoc/>
    public BatchPosition Build(BatchPosition position, StepBatch<MaskedBatch> batch)
    {
        long batches = BatchesIn(position.Seed, position.Epoch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)position.Index, (ulong)batches, nameof(position));
        var order = new SeededPermutation(BlockCount, position.Seed, Purpose.Shuffle, position.Epoch);
        var chosen = new SeededPermutation(_allBlocks, position.Seed, Purpose.Fraction, 0);
        long first = position.Index * _options.BatchBlocks;
        long end = Math.Min(first + _options.BatchBlocks, BlockCount);
        batch.Clear();
        for (long i = first; i < end; i++)
        {
            long block = _options.Shuffle ? order[i] : i;
            AddBlock(BlockCount == _allBlocks ? block : chosen[block], position, batch);
        }
        batch.Complete();
        return position.Index + 1 < batches ? position with { Index = position.Index + 1 } : new(position.Seed, position.Epoch + 1);
    }

    private void AddBlock(long block, BatchPosition position, StepBatch<MaskedBatch> batch)
    {
        long start = block * (_options.BlockTokens - 1);
        int length = 1 + (int)Math.Min(_options.BlockTokens - 1, _text.StreamLength - start);
        MaskedBatch part = batch.PartFor(length, _options.MicroBatchTokens);
        int offset = part.TokenCount;
        Span<int> tokens = part.Input.Add(length);
        tokens[0] = _special.Bos;
        _text.CopyStream(start, tokens[1..], _special.Eos);
        _corruption.Apply(tokens, offset, part, new CounterRandom(position.Seed, Purpose.Mask, position.Epoch, block));
    }
}
