using System.Text.Json;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.Commands;

public class DoctorCommandTests
{
    [Fact]
    public async Task Doctor_OfASmallModel_MeasuresWhatItCosts()
    {
        (int code, string text, string error) = await ReportCommandTests.Run(
            "doctor", "--layers", "1", "--hidden", "64", "--batch", "4", "--sequence-length", "16", "--vocab", "500", "--threads", "1", "--json");
        Assert.True(code == ExitCode.Done, error);
        JsonElement report = JsonDocument.Parse(text).RootElement, cost = report.GetProperty("cost");
        Assert.Equal(1, report.GetProperty("threads").GetInt32());
        Assert.True(report.GetProperty("peakFlopsOneThread").GetDouble() > 1e6);
        Assert.Equal(64, cost.GetProperty("batchTokens").GetInt64());

        // A step's products are a known number: no measurement makes them faster than plain products are, unless others took the machine
        // from these.
        double most = report.GetProperty("load").GetProperty("busy").GetBoolean() ? double.MaxValue : 1.2;
        Assert.InRange(cost.GetProperty("peakFraction").GetDouble(), 1e-6, most);
        Assert.Equal(64 / cost.GetProperty("stepSeconds").GetDouble(), cost.GetProperty("tokensPerSecond").GetDouble(), 1e-6);

        // Weights, gradients and two moments at the least.
        Assert.True(cost.GetProperty("memoryBytes").GetInt64() > 16 * cost.GetProperty("parameters").GetInt64());
    }

    [Theory]
    [InlineData(ExitCode.WrongUsage, "--layers is 0; expected 1 or more", "--layers", "0")]
    [InlineData(ExitCode.WrongUsage, "is no size", "--memory", "much")]
    [InlineData(ExitCode.Failed, "memory", "--memory", "1kB")]
    public async Task Doctor_WhatCannotBe_IsSaid(int expected, string says, params string[] args)
    {
        (int code, _, string error) = await ReportCommandTests.Run(["doctor", "--threads", "1", "--hidden", "64", .. args]);
        Assert.Equal(expected, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }
}
