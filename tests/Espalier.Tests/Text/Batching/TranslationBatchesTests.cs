using Espalier.Text.Batching;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Batching;

public class TranslationBatchesTests
{
    private static readonly SequenceBatchOptions ByTokens = new() { BatchTokens = 600, MicroBatchTokens = 200 };

    [Fact]
    public void Build_Pair_IsFramedForEncoderAndDecoder()
    {
        EncodedPairs pairs = Pairs(["the tree"], ["növekszik. espalier,"]);
        Tokenizer tokenizer = TestTokenizer.Instance;
        var source = new TranslationBatches(pairs, ByTokens);
        StepBatch<TranslationBatch> batch = source.NewBatch();
        source.Build(new BatchPosition(1), batch);
        TranslationBatch part = Assert.Single(batch.MicroBatches);
        int[] x = tokenizer.Encode("the tree"), y = tokenizer.Encode("növekszik. espalier,");
        Assert.Equal([.. x, tokenizer.Special.Eos], part.Source.Tokens);
        Assert.Equal([tokenizer.Special.Bos, .. y], part.TargetInput.Tokens);
        Assert.Equal([.. y, tokenizer.Special.Eos], part.TargetOutput.Tokens);
        Assert.Equal(part.TargetInput.Offsets, part.TargetOutput.Offsets);
        Assert.Equal(x.Length + y.Length + 2, part.TokenCount);
        Assert.Equal(y.Length + 1, part.TargetCount);
    }

    [Fact]
    public void Build_OnePass_HasEachPairOnceWithinTheBudget()
    {
        EncodedPairs pairs = ManyPairs();
        var source = new TranslationBatches(pairs, ByTokens);
        StepBatch<TranslationBatch> batch = source.NewBatch();
        var met = new List<string>();
        for (var position = new BatchPosition(1); position.Epoch == 0;)
        {
            position = source.Build(position, batch);
            Assert.InRange(batch.TokenCount, 1, 600);
            foreach (TranslationBatch part in batch.MicroBatches)
            {
                for (int i = 0; i < part.Source.Count; i++)
                    met.Add($"{TestTokenizer.Instance.Decode(part.Source[i])} = {TestTokenizer.Instance.Decode(part.TargetOutput[i])}");
            }
        }
        Assert.Equal(
            Enumerable.Range(0, pairs.Sources.Count).Select(i => $"{TestTokenizer.Instance.Decode(pairs.Sources[i])} = {TestTokenizer.Instance.Decode(pairs.Targets[i])}").Order(),
            met.Order());
    }

    [Fact]
    public void Stream_ResumedAnywhere_GoesOnWithTheSameIds() => Resumption.Check(
        new TranslationBatches(ManyPairs(), ByTokens),
        part => [.. part.Source.Tokens, .. part.Source.Offsets, .. part.TargetInput.Tokens, .. part.TargetOutput.Tokens, .. part.TargetOutput.Offsets]);

    private static EncodedPairs ManyPairs() => Pairs(
        [.. Enumerable.Range(0, 400).Select(i => $"{TestTokenizer.Lines[i % 200]} {i}")],
        [.. Enumerable.Range(0, 400).Select(i => $"{i} {TestTokenizer.Lines[i % 200]}")]);

    private static EncodedPairs Pairs(string[] source, string[] target)
    {
        using var folder = new TemporaryFolder();
        return EncodedPairs.Encode(
            new ParallelSetOptions { Source = folder.Write("x", string.Join('\n', source)), Target = folder.Write("y", string.Join('\n', target)) },
            TestTokenizer.Instance, 256);
    }
}
