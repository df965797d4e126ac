using Espalier.Text.Batching;

namespace Espalier.Tests.Text.Batching;

/// <summary>Kills a stream at many places and checks that one opened there goes on with the same ids.</summary>
internal static class Resumption
{
    private const int Places = 50, Batches = 120, Compared = 4;

    public static void Check<TMicro>(IBatchBuilder<StepBatch<TMicro>> builder, Func<TMicro, int[]> ids) where TMicro : MicroBatch, new()
    {
        var start = new BatchPosition(42);
        var expected = new List<int[]>();
        var positions = new List<BatchPosition>();
        using (var stream = new BatchStream<StepBatch<TMicro>>(builder, start))
        {
            for (int i = 0; i < Batches + Compared; i++)
            {
                positions.Add(stream.Position);
                expected.Add(Ids(stream.Next()));
            }
        }
        Assert.True(positions[^1].Epoch > 1, "the stream should cross the ends of passes");
        var random = new Random(3);
        for (int i = 0; i < Places; i++)
        {
            int place = random.Next(Batches);
            using var interrupted = new BatchStream<StepBatch<TMicro>>(builder, start, ahead: 1 + i % 3);
            interrupted.Seek(positions[Math.Max(0, place - 2)]);
            while (interrupted.Position != positions[place])
                interrupted.Next();
            BatchPosition saved = interrupted.Position; // batches that were made ahead are lost here
            interrupted.Dispose();
            using var resumed = new BatchStream<StepBatch<TMicro>>(builder, saved);
            for (int j = 0; j < Compared; j++)
                Assert.Equal(expected[place + j], Ids(resumed.Next()));
        }

        int[] Ids(StepBatch<TMicro> batch) => [.. batch.MicroBatches.SelectMany(ids)];
    }
}
