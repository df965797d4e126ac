namespace Espalier.Training.Pretraining;

/// <summary>What the paper names.</summary>
public static class PaperSettings
{
    // Table 1: batch size and learning rate.
    private static readonly (double Batch, double Rate)[] Table1 =
        [(256, 2e-4), (2048, 1e-3), (4096, 1.25e-3), (8192, 1.5e-3), (16384, 1.875e-3)];

    /// <summary>
    /// The peak learning rate of masked language modelling by batch size: Table 1, and between its rows a straight line in
    /// the logarithms of both; beyond its ends the line of the nearest two rows goes on.
    /// </summary>
    /// <param name="batch">Sequences of an effective batch, 1 or more.</param>
    public static double LearningRate(int batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        int row = 1;
        while (row < Table1.Length - 1 && batch > Table1[row].Batch)
        {
            row++;
        }

        ((double x0, double y0), (double x1, double y1)) = (Table1[row - 1], Table1[row]);
        double slope = Math.Log(y1 / y0) / Math.Log(x1 / x0);
        return y0 * Math.Pow(batch / x0, slope);
    }
}
