using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Training.MicroBatches;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Training.MicroBatches;

public class MicroBatchSearchTests
{
    private static readonly TrialModel Trial = MaskedLanguageModelling.Trial(
        new EncoderConfiguration { Layers = 2, Hidden = 32, Vocabulary = 100, MaximumPositions = 32 },
        new MaskedBlockOptions { BlockTokens = 32 });

    [Fact]
    public void Choose_LessAndLessMemory_TakesWhatFitsAndSaysWhatDoesNot()
    {
        using var device = new CpuDevice(1);
        MicroBatchChoice free = MicroBatchSearch.Choose(device, Trial, 32, 64, long.MaxValue);
        Assert.All(free.Candidates, c => Assert.True(c.Fits && c.TokensPerSecond > 0));
        Assert.Contains(free.Candidates, c => c.Tokens == free.Tokens);

        // Between the needs of the second and the third size: the third is known not to fit, without being tried.
        long memory = (free.Candidates[1].Bytes + free.Candidates[2].Bytes) / 2;
        MicroBatchChoice tight = MicroBatchSearch.Choose(device, Trial, 32, 64, memory);
        Assert.True(tight.Tokens <= 64);
        Assert.False(tight.Candidates[^1].Fits);
        Assert.All(tight.Candidates.Where(c => c.TokensPerSecond != null && c.Fits), c => Assert.True(c.Bytes <= memory));
        Assert.Contains("fits", tight.Reason);

        MicroBatchException none = Assert.Throws<MicroBatchException>(() => MicroBatchSearch.Choose(device, Trial, 32, 64, 1000));
        Assert.True(none.Needed > none.Allowed);
    }
}
