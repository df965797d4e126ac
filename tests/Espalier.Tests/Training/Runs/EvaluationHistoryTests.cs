using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

public class EvaluationHistoryTests
{
    [Theory]
    [InlineData(2, "1 3 2", false)]
    [InlineData(2, "1 3 2 3", true)]
    [InlineData(2, "3 2 1 stopped 2 1", false)]
    [InlineData(2, "3 2 1 stopped 2 1 2", true)]
    [InlineData(2, "3 2 interrupted 1", true)]
    [InlineData(2, "3 2 averaged", false)]
    [InlineData(1, "0 0 0", false)]
    [InlineData(0, "3 2 1", false)]
    [InlineData(1, "", false)]
    public void IsOutOfPatience_EvaluationsAndEnds_CountsThoseSinceTheLastEnd(int patience, string log, bool expected)
        => Assert.Equal(expected, History(log).IsOutOfPatience(patience));

    [Fact]
    public void Best_EqualValues_IsThatWithTheLowerLossAndNeverAnAverage()
    {
        Assert.Equal(2, History("3 4 4 finished 1 averaged").Best!.Step);
        Assert.Equal(1, History("loss 4 loss").Best!.Step);
        Assert.Null(History("").Best);
    }

    // Each step is a number, the value of an evaluation whose loss falls with the steps; or another event.
    private static EvaluationHistory History(string log) => new(
    [
        .. log.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((word, step) => double.TryParse(word, out double value)
            ? new TrainingEvent { Event = "evaluation", Step = step, Evaluation = new Evaluation("BLEU", value, 10 - step, 1, 1) }
            : word == "averaged"
                ? new TrainingEvent { Event = "evaluation", Step = step, Evaluation = new Evaluation("BLEU", 9, 0, 1, 1) { Averaged = 2 } }
            : word == "loss"
                ? new TrainingEvent { Event = "evaluation", Step = step, Evaluation = new Evaluation(Evaluation.Perplexity, 99, 4.6, 1, 1) }
                : new TrainingEvent { Event = word, Step = step }),
    ]);
}
