using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Random;

public class DropoutMaskTests
{
    private const int Rows = 300, Columns = 400;

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.9f)]
    public void Factor_ManyElements_DropsTheGivenShareAndKeepsTheMean(float probability)
    {
        bool[,] dropped = Dropped(new DropoutMask(probability, 1, 2, 3));
        double share = dropped.Cast<bool>().Average(d => d ? 1.0 : 0), deviation = Math.Sqrt(probability * (1 - probability) / dropped.Length);
        Assert.Equal(probability, share, 5 * deviation);
        Assert.Equal(1, (1 - probability) * new DropoutMask(probability, 1, 2, 3).Scale, 1e-4);
    }

    // A draw used for two places would make them agree every time: neighbours, the two halves of a word, the draws of one
    // counter (16 columns apart), groups (128 apart) and rows.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 16)]
    [InlineData(0, 32)]
    [InlineData(0, 128)]
    [InlineData(0, 256)]
    [InlineData(1, 0)]
    [InlineData(16, 0)]
    [InlineData(1, 1)]
    public void Factor_TwoPlacesApart_AreIndependent(int rowsApart, int columnsApart)
    {
        bool[,] dropped = Dropped(new DropoutMask(0.5f, 1, 2, 3));
        int agree = 0, pairs = (Rows - rowsApart) * (Columns - columnsApart);
        for (int row = 0; row < Rows - rowsApart; row++)
        {
            for (int column = 0; column < Columns - columnsApart; column++)
            {
                agree += dropped[row, column] == dropped[row + rowsApart, column + columnsApart] ? 1 : 0;
            }
        }

        Assert.Equal(0.5, agree / (double)pairs, 5 * 0.5 / Math.Sqrt(pairs));
    }

    [Fact]
    public void Factor_OtherSeedStreamOrStep_IsIndependent()
    {
        bool[,] dropped = Dropped(new DropoutMask(0.5f, 1, 2, 3));
        foreach (DropoutMask other in (DropoutMask[])[new(0.5f, 2, 2, 3), new(0.5f, 1, 3, 3), new(0.5f, 1, 2, 4), new(0.5f, 1UL << 32, 2, 3)])
        {
            double agree = dropped.Cast<bool>().Zip(Dropped(other).Cast<bool>()).Average(pair => pair.First == pair.Second ? 1.0 : 0);
            Assert.Equal(0.5, agree, 5 * 0.5 / Math.Sqrt(dropped.Length));
        }
    }

    [Fact]
    public void None_EveryElement_IsKeptAsItIs()
    {
        Assert.True(DropoutMask.None.IsNone);
        Assert.Equal(1f, DropoutMask.None.Factor(3, 200));
    }

    private static bool[,] Dropped(DropoutMask mask)
    {
        bool[,] dropped = new bool[Rows, Columns];
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                dropped[row, column] = mask.Factor(row, column) == 0;
            }
        }

        return dropped;
    }
}
