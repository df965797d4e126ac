using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Engine.Threading;

namespace Espalier.Tests.Engine.Models;

/// <summary>Whole training steps: determinism, memory and micro-batches.</summary>
[Collection(nameof(TrainingStepTests))]
public class TrainingStepTests
{
    private static readonly EncoderConfiguration Dropping = SmallModels.Encoder with { Dropout = 0.1f, AttentionDropout = 0.1f };

    [Fact]
    public void Training_SameSeedTwice_GivesTheSameBits()
    {
        float[] first = Train(seed: 3), second = Train(seed: 3), other = Train(seed: 4);
        Assert.Equal(first.Select(BitConverter.SingleToInt32Bits), second.Select(BitConverter.SingleToInt32Bits));
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Training_SameWeightsOtherDropoutSeed_GoesAnotherWay()
    {
        using ModelFixture<MaskedLanguageModel> one = Fixture(3), two = Fixture(3);
        two.Tape.Seed = 4;
        Train(one);
        Train(two);
        Assert.NotEqual(one.Read(one.Parameters.Weights), two.Read(two.Parameters.Weights));
    }

    private const int ThreadIds = 1 << 16;

    [Fact]
    public void Step_AfterWarmUp_AllocatesNothing()
    {
        using ModelFixture<MaskedLanguageModel> f = Fixture(1);
        using var optimizer = new AdamW(f.Parameters);
        MaskedBatch[] batches = [.. Enumerable.Range(0, 4).Select(i => new MaskedBatch(3 + i, 20 - i, 9))];
        for (uint step = 0; step < 12; step++)
        {
            Step(f, optimizer, batches[step % 4], step);
        }

        long peak = f.Tape.PeakBytes, capacity = f.Tape.CapacityBytes;
        long[] before = new long[ThreadIds], after = new long[ThreadIds];
        ReadAllocated(f.Device, before);
        for (uint step = 12; step < 32; step++)
        {
            Step(f, optimizer, batches[step % 4], step);
        }

        ReadAllocated(f.Device, after);
        Assert.Equal(before, after);
        Assert.Equal((peak, capacity), (f.Tape.PeakBytes, f.Tape.CapacityBytes));
    }

    [Fact]
    public void Gradients_OfMicroBatches_SumUpToThoseOfTheWholeBatch()
    {
        using var f = new ModelFixture<MaskedLanguageModel>(p => new MaskedLanguageModel(p, SmallModels.Encoder));
        MaskedBatch whole = new(5, 13, 20, 2, 7), first = whole.Part(0, 2), second = whole.Part(2, 5);
        Assert.NotEqual(first.Masked.Length, second.Masked.Length);
        float weight = 1f / whole.Masked.Length;
        Backward(f, whole, weight);
        Dictionary<string, float[]> expected = f.Gradients();
        f.Parameters.ForgetGradients();
        Backward(f, first, weight);
        Backward(f, second, weight);
        foreach ((string name, float[] gradient) in f.Gradients())
        {
            SmallModels.AssertClose(name, expected[name], gradient);
        }
    }

    private static float[] Train(ulong seed)
    {
        using ModelFixture<MaskedLanguageModel> f = Fixture(seed);
        float[] before = f.Read(f.Parameters.Weights);
        Train(f);
        float[] after = f.Read(f.Parameters.Weights);
        Assert.NotEqual(before, after);
        Assert.All(after, w => Assert.True(float.IsFinite(w)));
        return after;
    }

    private static void Train(ModelFixture<MaskedLanguageModel> f)
    {
        using var optimizer = new AdamW(f.Parameters);
        for (uint step = 0; step < 20; step++)
        {
            Step(f, optimizer, new MaskedBatch(4 + (int)(step % 3), 19, 11), step);
        }
    }

    private static ModelFixture<MaskedLanguageModel> Fixture(ulong seed)
        => new(p => new MaskedLanguageModel(p, Dropping), seed: seed) { Tape = { Training = true } };

    private static void Step(ModelFixture<MaskedLanguageModel> f, AdamW optimizer, MaskedBatch batch, uint step)
    {
        f.Tape.Step = step;
        Backward(f, batch, 1f / batch.Masked.Length);
        optimizer.Step(1e-3f, AdamW.ClippingScale(optimizer.GradientNorm(), 1));
    }

    private static void Backward(ModelFixture<MaskedLanguageModel> f, MaskedBatch batch, float weight)
    {
        f.Tape.Reset();
        TokenBatch tokens = TokenBatch.Upload(f.Tape, batch.Ids, batch.Offsets, SmallModels.Encoder);
        f.Tape.Backward(f.Model.Loss(f.Tape, tokens, f.Tape.Upload(batch.Masked), f.Tape.Upload(batch.Targets), weight));
    }

    /// <summary>Sentences of which every third token is to be predicted.</summary>
    private sealed class MaskedBatch
    {
        private readonly int[][] _sentences;

        public MaskedBatch(params int[] lengths)
            : this(SmallModels.Sentences(lengths))
        {
        }

        private MaskedBatch(int[][] sentences)
        {
            _sentences = sentences;
            Ids = [.. sentences.SelectMany(s => s)];
            Offsets = ModelFixture<MaskedLanguageModel>.Offsets(sentences);
            Masked = [.. sentences.SelectMany((s, b) => Enumerable.Range(0, s.Length).Where(t => t % 3 == 0).Select(t => Offsets[b] + t))];
            Targets = [.. Masked.Select(row => (Ids[row] + 1) % 71)];
        }

        public int[] Ids { get; }

        public int[] Offsets { get; }

        public int[] Masked { get; }

        public int[] Targets { get; }

        public MaskedBatch Part(int begin, int end) => new(_sentences[begin..end]);
    }

    // Managed bytes that each of the device's threads has ever allocated, by the thread's number, and one more, as 0 means unseen.
    // A thread that has no core just then is stood in for by another, so they are asked until all were seen.
    private static void ReadAllocated(CpuDevice device, long[] bytes)
    {
        var job = new AllocatedJob { Bytes = bytes };
        for (int tries = 0; tries < 100_000 && bytes.AsSpan().Count(0) > bytes.Length - device.Threads; tries++)
        {
            device.Team.Run(ref job);
            Thread.Yield();
        }

        if (bytes.AsSpan().Count(0) > bytes.Length - device.Threads)
        {
            Assert.Fail("a thread of the device was never seen");
        }
    }

    private struct AllocatedJob : IParallelJob
    {
        public long[] Bytes;

        public readonly void Run(int worker, int workers)
            => Bytes[Environment.CurrentManagedThreadId] = 1 + GC.GetAllocatedBytesForCurrentThread();
    }
}
