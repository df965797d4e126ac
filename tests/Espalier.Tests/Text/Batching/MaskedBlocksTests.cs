using Espalier.Tests.Text.Corpora;
using Espalier.Text.Batching;
using Espalier.Text.Corpora;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Batching;

public sealed class MaskedBlocksTests : IDisposable
{
    private static readonly MaskedBlockOptions Small = new() { BlockTokens = 32, BatchBlocks = 16, MicroBatchTokens = 100 };
    private readonly TemporaryFolder _folder = new();
    private readonly PreparedCorpus _corpus;

    public MaskedBlocksTests()
    {
        CorpusPreparationTests.Prepare(_folder, CorpusPreparationTests.Documents(2_000), new(), "corpus");
        _corpus = PreparedCorpus.Open(_folder["corpus"]);
    }

    public void Dispose()
    {
        _corpus.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Build_WithoutShuffling_IsTheTextInBlocksThatBeginWithBos()
    {
        int[] stream = new int[_corpus.Train.StreamLength];
        _corpus.Train.CopyStream(0, stream, TestTokenizer.Instance.Special.Eos);
        int[][] expected = [.. stream.Chunk(31).Select(part => (int[])[TestTokenizer.Instance.Special.Bos, .. part])];
        Assert.Equal(expected, Pass(Small with { Shuffle = false }, 0).Select(block => block.Clean));
    }

    [Fact]
    public void Build_Shuffled_HasEachBlockOnceInAnotherOrderEachPass()
    {
        string[] first = [.. Pass(Small, 0).Select(Text)], second = [.. Pass(Small, 1).Select(Text)];
        Assert.NotEqual(first, second);
        Assert.Equal(first.Order(), second.Order());
        Assert.Equal(first.Order(), Pass(Small with { Shuffle = false }, 0).Select(Text).Order());
        static string Text((int[] Input, int[] Clean) block) => string.Join(' ', block.Clean);
    }

    [Fact]
    public void Build_FractionOfTheData_IsTheSameBlocksEachPassAndThoseOfASmallerOne()
    {
        string[] all = Of(1, 0), half = Of(0.5, 0), quarter = Of(0.25, 0);
        Assert.Equal((all.Length + 1) / 2, half.Length, 1.0);
        Assert.Equal(half, Of(0.5, 1));
        Assert.Empty(half.Except(all));
        Assert.Empty(quarter.Except(half));
        string[] Of(double fraction, long pass)
            => [.. Pass(Small with { DataFraction = fraction }, pass).Select(block => string.Join(' ', block.Clean)).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void Build_Masking_FollowsItsRatesAndSparesSpecialTokens()
    {
        var special = TestTokenizer.Instance.Special;
        long tokens = 0, targets = 0, masked = 0, kept = 0;
        foreach (MaskedBatch part in Parts(Small, epochs: 3))
        {
            tokens += part.Input.Tokens.ToArray().Count(token => token != special.Bos && token != special.Eos);
            for (int i = 0; i < part.TargetCount; i++)
            {
                int now = part.Input.Tokens[part.Positions[i]], before = part.Targets[i];
                Assert.True(before > special.Unknown && before != special.Mask);
                Assert.True(now == special.Mask || now > special.Unknown);
                targets++;
                masked += now == special.Mask ? 1 : 0;
                kept += now == before ? 1 : 0;
            }
        }
        // More than four standard deviations on either side.
        Assert.True(targets > 10_000);
        Assert.InRange((double)targets / tokens, 0.145, 0.155);
        Assert.InRange((double)masked / targets, 0.78, 0.82);
        Assert.InRange((double)kept / targets, 0.085, 0.118); // and one in 395 random tokens is the same
    }

    [Fact]
    public void Build_AnotherPass_MasksOtherTokens()
    {
        var first = Pass(Small with { Shuffle = false }, 0);
        var second = Pass(Small with { Shuffle = false }, 1);
        Assert.NotEqual(first.Select(block => block.Input), second.Select(block => block.Input));
        Assert.Equal(first.Select(block => block.Input), Pass(Small with { Shuffle = false }, 0).Select(block => block.Input));
    }

    [Theory]
    [InlineData(1, 32)]
    [InlineData(7, 1)]
    [InlineData(100_000, 4096)]
    public void Build_OtherBatchAndMicroBatchSize_GivesTheSameBlocks(int batchBlocks, int microBatchTokens) => Assert.Equal(
        Pass(Small, 2).Select(block => block.Input),
        Pass(Small with { BatchBlocks = batchBlocks, MicroBatchTokens = microBatchTokens }, 2).Select(block => block.Input));

    [Fact]
    public void Build_MicroBatches_StayWithinTheirLimitAndAddUp()
    {
        var blocks = new MaskedBlocks(_corpus.Train, TestTokenizer.Instance, Small);
        StepBatch<MaskedBatch> batch = blocks.NewBatch();
        blocks.Build(new BatchPosition(1), batch);
        Assert.Equal(16, batch.MicroBatches.Sum(part => part.Input.Count));
        Assert.All(batch.MicroBatches, part => Assert.InRange(part.TokenCount, 1, 100));
        Assert.Equal(batch.TargetCount, batch.MicroBatches.Sum(part => part.Targets.Length));
        Assert.Equal(16 * 32, batch.TokenCount);
    }

    [Fact]
    public void Build_VocabularyWithGapsAndMoreSpecialTokens_MasksNoneAndDrawsNone()
    {
        Tokenizer tokenizer = TestTokenizer.WithGap();
        string text = _folder.Write("gaps", string.Join('\n', TestTokenizer.Lines.Select(line => $"{line}<extra>{line}")));
        new CorpusPreparation(tokenizer, new() { HeldOutFraction = 0 }).Run([text], _folder["gap"]);
        using PreparedCorpus corpus = PreparedCorpus.Open(_folder["gap"]);
        var blocks = new MaskedBlocks(corpus.Train, tokenizer, Small with { BatchBlocks = 100_000, MaskRate = 0.9, MaskedShare = 0, RandomShare = 1 });
        StepBatch<MaskedBatch> batch = blocks.NewBatch();
        blocks.Build(new BatchPosition(1), batch);
        Assert.All(batch.MicroBatches, part => Assert.DoesNotContain(4_000, part.Targets.ToArray()));
        // Every <extra> stands where it stood, and none was drawn.
        Assert.Equal(200, batch.MicroBatches.Sum(part => part.Input.Tokens.Count(4_000)));
        Assert.All(batch.MicroBatches, part => Assert.All(part.Input.Tokens.ToArray(), id => Assert.True(tokenizer.Contains(id))));
    }

    [Fact]
    public void Constructor_NothingHeldOut_SaysWhatToDo()
    {
        CorpusPreparationTests.Prepare(_folder, ["one"], new() { HeldOutFraction = 0 }, "tiny");
        using PreparedCorpus tiny = PreparedCorpus.Open(_folder["tiny"]);
        Assert.Contains("hold out a larger share",
            Assert.Throws<Espalier.Text.TextException>(() => new MaskedBlocks(tiny.HeldOut, TestTokenizer.Instance, Small)).Message);
    }

    [Fact]
    public void Stream_ResumedAnywhere_GoesOnWithTheSameIds() => Resumption.Check(
        new MaskedBlocks(_corpus.Train, TestTokenizer.Instance, Small with { BlockTokens = 128 }),
        part => [.. part.Input.Tokens, .. part.Input.Offsets, .. part.Positions, .. part.Targets]);

    private IEnumerable<MaskedBatch> Parts(MaskedBlockOptions options, long epochs, long first = 0)
    {
        var blocks = new MaskedBlocks(_corpus.Train, TestTokenizer.Instance, options);
        StepBatch<MaskedBatch> batch = blocks.NewBatch();
        for (var position = new BatchPosition(1, first); position.Epoch < first + epochs;)
        {
            position = blocks.Build(position, batch);
            foreach (MaskedBatch part in batch.MicroBatches)
                yield return part;
        }
    }

    private List<(int[] Input, int[] Clean)> Pass(MaskedBlockOptions options, long epoch)
    {
        var blocks = new List<(int[], int[])>();
        foreach (MaskedBatch part in Parts(options, 1, epoch))
        {
            int[] clean = part.Input.Tokens.ToArray();
            for (int i = 0; i < part.TargetCount; i++)
                clean[part.Positions[i]] = part.Targets[i];
            for (int i = 0; i < part.Input.Count; i++)
                blocks.Add((part.Input[i].ToArray(), clean[part.Input.Offsets[i]..part.Input.Offsets[i + 1]]));
        }
        return blocks;
    }
}
