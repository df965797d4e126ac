using Espalier.Cli.Commands;

namespace Espalier.Tests.Cli.Commands;

public class MachineLoadTests
{
    [Theory]
    [InlineData(0.05, 100, 97, false, 1.03)]
    [InlineData(1.9, 100, 100, true, 1.95)]
    [InlineData(null, 100, 99, false, 1.01)]
    [InlineData(null, 60, 100, true, 1.67)]
    public void Write_LoadAndRates_SayWhetherTheMachineIsBusyAndWhatThatDoes(double? average, double before, double after, bool busy, double gain)
    {
        var load = new MachineLoad(average, before, after, Threads: 2, Cores: 2);
        var text = new StringWriter();
        load.Write(text);
        Assert.Equal(busy, load.Busy);
        Assert.Equal(gain, load.IdleGain, 0.01);
        Assert.Equal(busy, text.ToString().Contains("times as fast", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1.25 0.80 0.60 2/345 6789\n", 1.25)]
    [InlineData("", null)]
    public void Parse_LoadAverage_IsItsFirstNumber(string text, double? expected) => Assert.Equal(expected, MachineLoad.Parse(text));
}
