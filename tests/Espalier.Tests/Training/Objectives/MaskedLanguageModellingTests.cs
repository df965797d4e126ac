using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Tests.Text;
using Espalier.Text.Batching;
using Espalier.Text.Corpora;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Training.Objectives;

public sealed class MaskedLanguageModellingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(1);
    private readonly PreparedCorpus _corpus;

    public MaskedLanguageModellingTests() => _corpus = PreparedCorpus.Open(SmallRun.Corpus(_folder));

    [Fact]
    public void Step_SplitIntoMicroBatches_GivesTheGradientOfTheWholeBatch()
    {
        (double loss, float[] gradient) = Gradient(microBatchTokens: 16 * 8);
        (double splitLoss, float[] split) = Gradient(microBatchTokens: 16 * 3);
        Assert.Equal(loss, splitLoss, 1e-5);
        float largest = gradient.Max(MathF.Abs);
        Assert.All(gradient.Zip(split), pair => Assert.Equal(pair.First, pair.Second, largest * 1e-5f));
    }

    [Fact]
    public void Step_CancelledHalfWay_CanBeTakenAgain()
    {
        using MaskedLanguageModelling objective = Create(microBatchTokens: 16, dropout: 0.1f);
        using var tape = new Tape(_device) { Seed = 1 };
        BatchPosition start = objective.Position;
        Assert.Throws<OperationCanceledException>(() => objective.Step(tape, new CancellationToken(canceled: true)));
        objective.Parameters.ForgetGradients();
        objective.Seek(start);
        tape.Step = 0;
        StepResult again = objective.Step(tape, default);
        objective.Seek(start);
        tape.Step = 0;
        objective.Parameters.ForgetGradients();
        Assert.Equal(again, objective.Step(tape, default));
        Assert.Equal(8u, tape.Step);
    }

    [Fact]
    public void UnigramPerplexity_Cancelled_Stops()
    {
        using MaskedLanguageModelling objective = Create(microBatchTokens: 32, dropout: 0);
        List<double> parts = [];
        Assert.NotNull(objective.UnigramPerplexity(new Direct(parts.Add)));
        Assert.Equal(1, parts[^1]);
        Assert.Throws<OperationCanceledException>(() => objective.UnigramPerplexity(cancel: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Evaluate_AnyTime_MovesNothingAndRepeats()
    {
        using MaskedLanguageModelling objective = Create(microBatchTokens: 32, dropout: 0.5f);
        using var tape = new Tape(_device) { Seed = 1, Step = 5 };
        Evaluation first = objective.Evaluate(tape, default)!;
        Evaluation again = objective.Evaluate(tape, default)!;
        Assert.Equal(first with { Parts = null }, again with { Parts = null });
        Assert.Equal(first.Parts, again.Parts);
        Assert.Equal(first.Predictions, first.Parts!.Sum(p => p.Predictions));
        Assert.Equal(first.Loss, first.Parts!.Sum(p => p.LossSum) / first.Predictions, 9);
        Assert.Equal((5u, new BatchPosition(1)), (tape.Step, objective.Position));

        // An untrained model guesses: its perplexity is near the number of symbols.
        Assert.InRange(first.Value, 0.8 * TestTokenizer.Instance.VocabularySize, 1.3 * TestTokenizer.Instance.VocabularySize);
    }

    [Fact]
    public void Evaluate_RunsOfDifferentMaskRates_AreMeasuredAlike()
    {
        using MaskedLanguageModelling few = Create(microBatchTokens: 32, dropout: 0, maskRate: 0.15);
        using MaskedLanguageModelling many = Create(microBatchTokens: 32, dropout: 0, maskRate: 0.6);
        using var tape = new Tape(_device) { Seed = 1 };
        Assert.Equal(few.Evaluate(tape, default)! with { Parts = null }, many.Evaluate(tape, default)! with { Parts = null });
    }

    [Fact]
    public void UnigramPerplexity_IsThatOfTheTrainingPartsCounts()
    {
        // The same by hand: all tokens of the training documents against the held-out predictions.
        using MaskedLanguageModelling objective = Create(microBatchTokens: 64, dropout: 0);
        double[] counts = new double[TestTokenizer.Instance.VocabularySize];
        Array.Fill(counts, 1);
        for (long document = 0; document < _corpus.Train.Documents; document++)
        {
            int[] tokens = new int[_corpus.Train.LengthOf(document)];
            _corpus.Train.CopyDocument(document, tokens);
            foreach (int token in tokens)
            {
                counts[token]++;
            }
        }

        var builder = new MaskedBlocks(_corpus.HeldOut, TestTokenizer.Instance, Blocks(64) with { BatchBlocks = 6 });
        StepBatch<MaskedBatch> batch = builder.NewBatch();
        builder.Build(new BatchPosition(1), batch);
        double expected = Math.Exp(-batch.MicroBatches.SelectMany(micro => micro.Targets.ToArray())
            .Average(target => Math.Log(counts[target] / counts.Sum())));
        Assert.Equal(expected, objective.UnigramPerplexity()!.Value, 9);
        Assert.Equal(batch.TokenCount, objective.HeldOutTokens);
    }

    [Fact]
    public void UnigramPerplexity_OfAShareOfTheCorpus_KnowsNoMoreThanThatShare()
    {
        using MaskedLanguageModelling objective = Create(microBatchTokens: 64, dropout: 0, fraction: 0.3), all = Create(microBatchTokens: 64, dropout: 0);

        // What one pass over the share shows, begin and end symbols left out.
        double[] counts = new double[TestTokenizer.Instance.VocabularySize];
        Array.Fill(counts, 1);
        var blocks = new MaskedBlocks(_corpus.Train, TestTokenizer.Instance, Blocks(64) with { DataFraction = 0.3 });
        StepBatch<MaskedBatch> batch = blocks.NewBatch();
        for (var position = new BatchPosition(1); position.Epoch == 0;)
        {
            position = blocks.Build(position, batch);
            foreach (MaskedBatch micro in batch.MicroBatches)
            {
                int[] clean = micro.Input.Tokens.ToArray();
                for (int i = 0; i < micro.TargetCount; i++)
                {
                    clean[micro.Positions[i]] = micro.Targets[i];
                }

                foreach (int token in clean.Where(t => t != TestTokenizer.Instance.Special.Bos && t != TestTokenizer.Instance.Special.Eos))
                {
                    counts[token]++;
                }
            }
        }

        var builder = new MaskedBlocks(_corpus.HeldOut, TestTokenizer.Instance, Blocks(64) with { BatchBlocks = 6 });
        builder.Build(new BatchPosition(1), batch);
        double expected = Math.Exp(-batch.MicroBatches.SelectMany(micro => micro.Targets.ToArray())
            .Average(target => Math.Log(counts[target] / counts.Sum())));
        Assert.Equal(expected, objective.UnigramPerplexity()!.Value, 9);
        Assert.NotEqual(expected, all.UnigramPerplexity()!.Value, 3);
    }

    [Fact]
    public void Epochs_EndOfAPass_IsWhole()
    {
        using MaskedLanguageModelling objective = Create(microBatchTokens: 64, dropout: 0);
        using var tape = new Tape(_device) { Seed = 1 };
        long steps = objective.StepsInEpoch;
        for (long step = 0; step < steps; step++)
        {
            Assert.Equal((double)step / steps, objective.Epochs);
            objective.Step(tape, default);
        }

        Assert.Equal(1, objective.Epochs);
    }

    public void Dispose()
    {
        _corpus.Dispose();
        _device.Dispose();
        _folder.Dispose();
    }

    private static MaskedBlockOptions Blocks(int microBatchTokens)
        => new() { BlockTokens = 16, BatchBlocks = 8, MicroBatchTokens = microBatchTokens };

    private MaskedLanguageModelling Create(int microBatchTokens, float dropout, double maskRate = 0.15, double? fraction = null)
        => MaskedLanguageModelling.Create(
            _device,
            new EncoderConfiguration
            {
                Layers = 2,
                Hidden = 16,
                Vocabulary = TestTokenizer.Instance.VocabularySize,
                MaximumPositions = 16,
                Dropout = dropout,
                AttentionDropout = dropout,
            },
            _corpus, TestTokenizer.Instance, Blocks(microBatchTokens) with { MaskRate = maskRate, DataFraction = fraction }, heldOutBlocks: 6, seed: 1);

    private (double Loss, float[] Gradient) Gradient(int microBatchTokens)
    {
        using MaskedLanguageModelling objective = Create(microBatchTokens, dropout: 0);
        using var tape = new Tape(_device) { Seed = 1 };
        double loss = objective.Step(tape, default).Loss;
        objective.Parameters.ZeroMissingGradients();
        float[] gradient = new float[objective.Parameters.Gradients.Length];
        _device.Download(objective.Parameters.Gradients, gradient);
        return (loss, gradient);
    }

    private sealed class Direct(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
