using Espalier.Text.Batching;
using Espalier.Text.Labelled;

namespace Espalier.Tests.Text.Batching;

public class ClassificationBatchesTests
{
    private static readonly SequenceBatchOptions ByCount = new() { BatchSequences = 16, MicroBatchTokens = 200 };

    [Fact]
    public void Build_OnePass_HasEachExampleWithItsLabelOnce()
    {
        EncodedExamples examples = Examples(500);
        string[] expected = [.. Enumerable.Range(0, 500).Select(i => $"{examples.Labels[i]}: {string.Join(' ', examples.Sequences[i].ToArray())}")];
        List<string> first = Pass(examples, ByCount, 0), second = Pass(examples, ByCount, 1);
        Assert.Equal(expected.Order(), first.Order());
        Assert.Equal(expected.Order(), second.Order());
        Assert.NotEqual(first, second);
        Assert.Equal(expected, Pass(examples, ByCount with { Shuffle = false }, 5));
    }

    [Fact]
    public void Build_Limits_AreKept()
    {
        EncodedExamples examples = Examples(500);
        foreach (SequenceBatchOptions options in new[] { ByCount, new() { BatchTokens = 300, MicroBatchTokens = 100 }, new() { BatchSequences = 8, BatchTokens = 300 } })
        {
            foreach (StepBatch<ClassificationBatch> batch in Batches(new ClassificationBatches(examples, options), 0))
            {
                Assert.InRange(batch.TargetCount, 1, options.BatchSequences ?? int.MaxValue);
                Assert.True(batch.TokenCount <= (options.BatchTokens ?? int.MaxValue) || batch.TargetCount == 1);
                Assert.All(batch.MicroBatches, part => Assert.True(part.TokenCount <= options.MicroBatchTokens || part.TargetCount == 1));
            }
        }
    }

    [Fact]
    public void Build_Shuffled_GroupsSimilarLengths()
    {
        EncodedExamples examples = Examples(3_000);
        double spread = Batches(new ClassificationBatches(examples, ByCount), 0)
            .Average(batch => batch.MicroBatches.Max(part => part.Input.Longest) - batch.MicroBatches.Min(Shortest));
        double apart = Batches(new ClassificationBatches(examples, ByCount with { Shuffle = false }), 0)
            .Average(batch => batch.MicroBatches.Max(part => part.Input.Longest) - batch.MicroBatches.Min(Shortest));
        Assert.True(spread < apart / 4, $"{spread} against {apart}");
        static int Shortest(ClassificationBatch part) => Enumerable.Range(0, part.Input.Count).Min(i => part.Input[i].Length);
    }

    [Fact]
    public void Build_Shuffled_DoesNotGoFromShortToLong()
    {
        long[] tokens = [.. Batches(new ClassificationBatches(Examples(3_000), ByCount), 0).Select(batch => batch.TokenCount)];
        int rises = Enumerable.Range(1, tokens.Length - 1).Count(i => tokens[i] > tokens[i - 1]);
        Assert.InRange((double)rises / tokens.Length, 0.3, 0.7);
    }

    [Fact]
    public void Stream_ResumedAnywhere_GoesOnWithTheSameIds() => Resumption.Check(
        new ClassificationBatches(Examples(700), ByCount), part => [.. part.Input.Tokens, .. part.Input.Offsets, .. part.Labels]);

    [Fact]
    public void Constructor_NoBatchSize_SaysSo() =>
        Assert.Contains("batch size must be given", Assert.Throws<ArgumentException>(() => new ClassificationBatches(Examples(3), new())).Message);

    private static EncodedExamples Examples(int count)
    {
        using var folder = new TemporaryFolder();
        string rows = string.Concat(Enumerable.Range(0, count).Select(i => $"{TestTokenizer.Lines[i % 200]} {i}\t{TestTokenizer.Lines[i * 7 % 200]}\t{"abc"[i % 3]}\n"));
        LabelledSet set = LabelledSet.Read(folder.Write("set.tsv", "sentence1\tsentence2\tlabel\n" + rows), new());
        return EncodedExamples.Encode(set, TestTokenizer.Instance, 128);
    }

    private static List<string> Pass(EncodedExamples examples, SequenceBatchOptions options, long epoch)
    {
        var met = new List<string>();
        foreach (StepBatch<ClassificationBatch> batch in Batches(new ClassificationBatches(examples, options), epoch))
        {
            foreach (ClassificationBatch part in batch.MicroBatches)
            {
                for (int i = 0; i < part.Input.Count; i++)
                    met.Add($"{part.Labels[i]}: {string.Join(' ', part.Input[i].ToArray())}");
            }
        }
        return met;
    }

    private static IEnumerable<StepBatch<ClassificationBatch>> Batches(ClassificationBatches source, long epoch)
    {
        StepBatch<ClassificationBatch> batch = source.NewBatch();
        long count = 0;
        for (var position = new BatchPosition(1, epoch); position.Epoch == epoch; count++)
        {
            position = source.Build(position, batch);
            yield return batch;
        }
        Assert.Equal(source.BatchesIn(1, epoch), count);
    }
}
