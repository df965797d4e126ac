using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Training.MicroBatches;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Training.MicroBatches;

public class MicroBatchSearchTests
{
    // Sequences of 10 tokens in batches of 64; a machine that needs 100 bytes and 20 for each sequence.
    private static readonly MicroBatchNeed Need = new(10, 64, long.MaxValue);

    // Tokens per second by size: from 8 on nothing is gained, at 32 it is much slower.
    private static readonly Dictionary<int, double> Rates = new()
    {
        [1] = 100,
        [2] = 150,
        [4] = 200,
        [8] = 203,
        [16] = 198,
        [32] = 150,
        [64] = 500,
    };

    [Fact]
    public void Choose_RatesOfEverySize_TakesTheSmallestOfTheFastestAndStopsWhereItIsHopeless()
    {
        (MicroBatchChoice choice, List<int> tried) = Choose(Need);
        Assert.Equal((40, 640 / 200.0), (choice.Tokens, choice.StepSeconds));
        Assert.Equal([1, 2, 4, 8, 16, 32], tried);
        Assert.Contains("the fastest; larger ones gain less than 2 %: 4 of 64 sequences, 200 tokens/s", choice.Reason);
    }

    [Fact]
    public void Choose_LittleMemory_TakesWhatFitsAndSaysWhatDoesNot()
    {
        (MicroBatchChoice choice, List<int> tried) = Choose(Need with { Memory = 150 });
        Assert.Equal((20, 640 / 150.0), (choice.Tokens, choice.StepSeconds));
        Assert.Equal([1, 2], tried);
        Assert.Equal((4, 180, false, null), (choice.Candidates[^1].Sequences, choice.Candidates[^1].Bytes, choice.Candidates[^1].Fits, choice.Candidates[^1].TokensPerSecond));
        Assert.Contains("the fastest that fits", choice.Reason);
        Assert.Contains("a micro-batch of one sequence", Assert.Throws<MicroBatchException>(() => Choose(Need with { Memory = 110 })).Message);
        Assert.Contains("weights, gradients and moments", Assert.Throws<MicroBatchException>(() => Choose(Need with { Memory = 99 })).Message);
    }

    [Fact]
    public void Choose_LittleTime_DoesNotBeginWhatWouldTakeLonger()
    {
        // A quarter of a step, which with one sequence at once takes 6.4 s, and with two 4.3 s. Each size takes four passes.
        (MicroBatchChoice choice, List<int> tried) = Choose(Need with { Longest = step => TimeSpan.FromSeconds(step / 4) });
        Assert.Equal((20, 640 / 150.0), (choice.Tokens, choice.StepSeconds));
        Assert.Equal([1, 2], tried);
        Assert.Equal((4, true, null), (choice.Candidates[^1].Sequences, choice.Candidates[^1].Fits, choice.Candidates[^1].TokensPerSecond));
        Assert.Contains("there was time to try; 4 sequences would have taken too long", choice.Reason);

        // However little there is, one size is measured.
        Assert.Equal([1], Choose(Need with { Longest = _ => TimeSpan.Zero }).Tried);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ChooseAndTake_Cancelled_EndAfterThePassThatIsUnderWay(bool take)
    {
        using var device = new CpuDevice(1);
        using var cancel = new CancellationTokenSource();
        int passes = 0;
        TrialModel real = MaskedLanguageModelling.Trial(
            new EncoderConfiguration { Layers = 1, Hidden = 16, Vocabulary = 100, MaximumPositions = 8 }, new MaskedBlockOptions { BlockTokens = 8 });
        TrialModel cancelling = parameters =>
        {
            Func<Tape, int, Tensor> loss = real(parameters);
            return (tape, sequences) =>
            {
                passes++;
                cancel.Cancel();
                return loss(tape, sequences);
            };
        };
        var need = new MicroBatchNeed(8, 64, long.MaxValue);
        Assert.Throws<OperationCanceledException>(() => take
            ? MicroBatchSearch.Take(device, cancelling, need, 2, cancel.Token)
            : MicroBatchSearch.Choose(device, cancelling, need, null, cancel.Token));
        Assert.Equal(1, passes);
    }

    [Fact]
    public void Choose_OneSequenceIsMuchLongerThanOthers_BeginsWhereItFits()
    {
        (MicroBatchChoice choice, List<int> tried) = Choose(Need with { LeastSequences = 8, BatchSequences = 4 });
        Assert.Equal([8], tried);
        Assert.Equal(80, choice.Tokens);
        Assert.Contains("which has room for the longest", Assert.Throws<MicroBatchException>(
            () => Choose(Need with { LeastSequences = 8, Memory = 200 })).Message);
    }

    [Fact]
    public void TakeAndTime_ARealModel_MeasureWhatWasAskedFor()
    {
        using var device = new CpuDevice(1);
        TrialModel trial = MaskedLanguageModelling.Trial(
            new EncoderConfiguration { Layers = 2, Hidden = 32, Vocabulary = 100, MaximumPositions = 32 },
            new MaskedBlockOptions { BlockTokens = 32 });
        var need = new MicroBatchNeed(32, 64, long.MaxValue) { LeastSequences = 3 };
        MicroBatchChoice choice = MicroBatchSearch.Take(device, trial, need, 1);
        Assert.Equal((3 * 32, "1 was asked for, 3 have room for the longest"), (choice.Tokens, choice.Reason));
        Assert.Throws<MicroBatchException>(() => MicroBatchSearch.Take(device, trial, need with { Memory = choice.Candidates[0].Bytes - 1 }, 3));

        MicroBatchChoice timed = MicroBatchSearch.Time(device, trial, need, choice, TimeSpan.Zero);
        Assert.Equal((2, 1, false), (timed.Timing!.Steps, timed.Timing.Skipped, timed.Timing.Stable));
        Assert.True(timed.StepSeconds > 64 / 3.0 * timed.Timing.Mean);
    }

    private static (MicroBatchChoice Choice, List<int> Tried) Choose(MicroBatchNeed need)
    {
        List<int> tried = [];
        MicroBatchChoice choice = MicroBatchSearch.Choose(100, size =>
        {
            tried.Add(size);
            return (size * 10 / Rates[size], 100 + (size * 20));
        }, need, null, default);
        return (choice, tried);
    }
}
