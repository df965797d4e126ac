using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Memory;

public sealed unsafe class NativePagesTests
{
    // Around the sizes from which blocks share large pages and from which they have their own; enough of them for several runs of pages.
    private static readonly int[] Sizes =
    [
        1, 100, (16 << 10) - 1, 16 << 10, (16 << 10) + 1, 70_000, 500_000, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 5_000_000,
    ];

    [Fact]
    public void AllocateAndFree_BlocksOfAllSizesComingAndGoing_LeavesTheOthersAlone()
    {
        var random = new System.Random(3);
        var blocks = new List<(nint Address, int Bytes, byte Content)>();
        for (int turn = 0; turn < 400; turn++)
        {
            if (blocks.Count > 40 || (blocks.Count > 0 && random.Next(3) == 0))
            {
                int at = random.Next(blocks.Count);
                Check(blocks[at]);
                NativePages.Free((void*)blocks[at].Address);
                blocks.RemoveAt(at);
                continue;
            }

            int bytes = Sizes[random.Next(Sizes.Length)];
            nint address = (nint)NativePages.Allocate(bytes);
            Assert.Equal(0, address % 64);
            new Span<byte>((void*)address, bytes).Fill((byte)turn);
            blocks.Add((address, bytes, (byte)turn));
        }

        foreach ((nint Address, int Bytes, byte Content) block in blocks)
        {
            Check(block);
            NativePages.Free((void*)block.Address);
        }
    }

    private static void Check((nint Address, int Bytes, byte Content) block)
        => Assert.Equal(-1, new ReadOnlySpan<byte>((void*)block.Address, block.Bytes).IndexOfAnyExcept(block.Content));
}
