using Espalier.Engine.Threading;

namespace Espalier.Tests.Engine.Threading;

public sealed unsafe class SharedBlocksTests : IDisposable
{
    private readonly SharedBlocks _blocks = new(2);

    public void Dispose() => _blocks.Dispose();

    [Fact]
    public void TryTake_OpenBlock_GivesEachChunkOnceWithItsData()
    {
        float data = 0;
        _blocks.Open(1, worker: 1, block: 5, &data);
        for (int expected = 0; expected < 3; expected++)
        {
            Assert.True(_blocks.TryTake(1, 1, chunks: 3, out int block, out int chunk, out float* at));
            Assert.Equal((5, expected), (block, chunk));
            Assert.True(at == &data);
        }

        Assert.False(_blocks.TryTake(1, 1, chunks: 3, out _, out _, out _));
    }

    [Fact]
    public void TryTake_NotBegunOrOfAnotherJobOrClosed_GivesNothing()
    {
        Assert.False(_blocks.TryTake(1, 0, 3, out _, out _, out _));
        Assert.False(_blocks.IsClosed(1, 0));
        _blocks.Open(1, 0, 0, null);
        Assert.False(_blocks.TryTake(2, 0, 3, out _, out _, out _));
        _blocks.Close(1, 0);
        Assert.False(_blocks.TryTake(1, 0, 3, out _, out _, out _));
        Assert.True(_blocks.IsClosed(1, 0));
        Assert.False(_blocks.IsClosed(2, 0));
    }

    [Fact]
    public void Dispose_Twice_FreesOnce()
    {
        var blocks = new SharedBlocks(2);
        blocks.Dispose();
        blocks.Dispose();
    }

    [Fact]
    public void AwaitDone_HelperStillAtWork_ReturnsOnlyAfterItsLastChunk()
    {
        const int Chunks = 200;
        int done = 0;
        _blocks.Open(7, 0, 0, null);
        var helper = new Thread(() =>
        {
            while (_blocks.TryTake(7, 0, Chunks, out _, out _, out _))
            {
                Thread.SpinWait(200);
                Interlocked.Increment(ref done);
                _blocks.Done(0);
            }
        });
        helper.Start();
        while (_blocks.TryTake(7, 0, Chunks, out _, out _, out _))
        {
            Interlocked.Increment(ref done);
            _blocks.Done(0);
        }

        _blocks.AwaitDone(0, Chunks);
        Assert.Equal(Chunks, Volatile.Read(ref done));
        helper.Join();
    }
}
