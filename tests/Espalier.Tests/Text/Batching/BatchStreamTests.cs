using Espalier.Text.Batching;

namespace Espalier.Tests.Text.Batching;

public class BatchStreamTests
{
    [Fact]
    public void Next_BuilderFails_ThrowsWhereTheBatchWouldHaveComeAndAgain()
    {
        using var stream = new BatchStream<Box>(new Counting(failAt: 5), new BatchPosition(1), ahead: 3);
        for (int i = 0; i < 5; i++)
            Assert.Equal(i, stream.Next().Value);
        for (int i = 0; i < 2; i++)
            Assert.Equal("fails at 5", Assert.Throws<InvalidDataException>(() => stream.Next()).Message);
        Assert.Equal(5, stream.Position.Index);
        stream.Seek(new BatchPosition(1, 0, 7));
        Assert.Equal(7, stream.Next().Value);
    }

    [Fact]
    public void Next_BatchInHand_IsNotOverwrittenByTheThreadAhead()
    {
        var builder = new Counting();
        using var stream = new BatchStream<Box>(builder, new BatchPosition(1), ahead: 2);
        for (int i = 0; i < 200; i++)
        {
            Box box = stream.Next();
            SpinWait.SpinUntil(() => builder.Built >= i + 3); // the queue is full: nothing more may be built now
            Assert.Equal(i, box.Value);
            Assert.Equal(i + 1, stream.Position.Index);
        }
        Assert.Equal(3, builder.Created);
    }

    [Fact]
    public void Dispose_WhileTheThreadIsAhead_EndsIt()
    {
        var builder = new Counting();
        var stream = new BatchStream<Box>(builder, new BatchPosition(1));
        stream.Next();
        stream.Dispose();
        stream.Dispose();
        int built = builder.Built;
        Assert.Throws<ObjectDisposedException>(() => stream.Next());
        Assert.Throws<ObjectDisposedException>(() => stream.Seek(default));
        Assert.Equal(built, builder.Built);
    }

    private sealed class Box
    {
        public long Value { get; set; }
    }

    private sealed class Counting(long failAt = -1) : IBatchBuilder<Box>
    {
        private int _built;

        public int Built => Volatile.Read(ref _built);

        public int Created { get; private set; }

        public long BatchesIn(ulong seed, long epoch) => long.MaxValue;

        public Box NewBatch()
        {
            Created++;
            return new Box();
        }

        public BatchPosition Build(BatchPosition position, Box batch)
        {
            if (position.Index == failAt)
                throw new InvalidDataException($"fails at {failAt}");
            batch.Value = position.Index;
            Interlocked.Increment(ref _built);
            return position with { Index = position.Index + 1 };
        }
    }
}
