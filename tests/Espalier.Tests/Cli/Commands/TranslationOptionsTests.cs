using System.CommandLine;
using Espalier.Cli.Commands;
using Espalier.Text.Bitext;
using Espalier.Training.Budgets;

namespace Espalier.Tests.Cli.Commands;

public class TranslationOptionsTests
{
    // Vaswani et al. 2017, eq. 3: width 512 and 4,000 steps give 7.0e-4.
    [Theory]
    [InlineData(6.98771e-4, "--hidden", "512", "--warm-up", "4000")]
    [InlineData(3.49386e-4, "--hidden", "2048", "--warm-up", "4000")]
    [InlineData(1e-3, "--hidden", "512", "--warm-up", "0.1")]
    [InlineData(1e-3, "--hidden", "512", "--warm-up", "4000", "--schedule", "Linear")]
    [InlineData(5e-4, "--hidden", "512", "--warm-up", "4000", "--learning-rate", "5e-4")]
    public void Read_NoLearningRate_FollowsFromWidthAndWarmUp(double expected, params string[] args)
    {
        var options = new TranslationOptions();
        var command = new Command("train");
        foreach (Option option in options.All)
        {
            command.Options.Add(option);
        }

        var corpus = new ParallelCorpus { TrainSource = ["a"], TrainTarget = ["b"], DevelopmentSource = "c", DevelopmentTarget = "d" };
        double peak = options.Read(command.Parse(args), corpus, new TrainingBudget { Steps = 10_000 }).Training.Schedule.Peak;
        Assert.Equal(expected, peak, 1e-8);
    }
}
