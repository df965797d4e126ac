using Espalier.Pipeline.Jobs;
using Espalier.Pipeline.Reports;

namespace Espalier.Tests.Pipeline.Jobs;

public class JobContinuationTests
{
    [Theory]
    [InlineData(PhaseState.Done, false)]
    [InlineData(PhaseState.Failed, true)]
    public void CanRetry_APlanThatFailed_OnlyWhereNothingWasTrainedWithoutIt(PhaseState pretrain, bool expected)
    {
        var settings = new JobSettings { Train = "train.tsv", Budget = JobSettings.LeastBudget };
        var record = new JobRecord
        {
            Version = "",
            Created = default,
            Settings = settings,
            Phases = [.. JobSchedule.Of(settings.Budget, TimeSpan.Zero, settings.Product).Select((p, i) => p with
            {
                State = i == (int)JobPhase.Plan ? PhaseState.Failed : i == (int)JobPhase.Pretrain ? pretrain : PhaseState.Done,
            })],
        };
        Assert.Equal(expected, JobContinuation.CanRetry(record));
    }
}
